"""Records of the artifacts `generations`, `speed` and `parity`, read with distrust."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from specship.bounds import COMPLETION_BYTES, COMPLETION_LINES
from specship.errors import DamagedArtifact, Place
from specship.records import Count, OpenRecord, checked, read_record
from specship.strict_json import read_json_lines

GENERATIONS: Final = "generations.jsonl"
GENERATIONS_ABOUT: Final = "generations.json"
SPEED: Final = "speed.json"
PARITY: Final = "parity.json"
_MEND: Final = "run the stage that made it again"

TokenId = Count
Decoding = Literal["greedy", "sampled"]


class Generation(OpenRecord):
    """One completion."""

    document_sha256: str
    begin: int
    end: int
    header: str
    prompt: str
    prompt_ids: list[TokenId]
    decoding: Decoding
    seed: int
    token_ids: list[TokenId]
    stop_reason: Literal["stop-token", "token-limit"]
    text: str
    body: str


class _JudgedSettings(OpenRecord):
    judged: Decoding
    new_tokens: int


class GenerationsAbout(OpenRecord):
    """What all completions share."""

    weights_sha256: str
    settings: _JudgedSettings


class SpeedSample(OpenRecord):
    """One timed decode."""

    decoder: str
    round: int
    seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    token_ids: list[TokenId]


class SpeedFile(OpenRecord):
    """All samples, and where they were taken."""

    weights_sha256: str
    device: str
    device_name: str
    threads: int
    weights: Literal["float32", "bfloat16"] = "float32"
    prompt_ids: list[TokenId]
    samples: list[SpeedSample]


class ParityStep(OpenRecord):
    """One of llama.cpp's steps; the keys of `logprobs` are token ids as text."""

    token: TokenId
    logprobs: dict[str, float]


class ParityPrompt(OpenRecord):
    """Both sides on one prompt."""

    document_sha256: str
    prompt_ids: list[TokenId]
    llama_cpp: list[ParityStep]
    decoder_ids: list[TokenId]


class ParityText(OpenRecord):
    """How llama.cpp cut a text."""

    text: str
    llama_cpp: list[TokenId]


class ParityFile(OpenRecord):
    """Both sides on everything."""

    gguf_sha256: str
    weights_sha256: str
    steps: int
    barred_ids: list[TokenId]
    prompts: list[ParityPrompt]
    texts: list[ParityText]


def read_generations(folder: Path) -> tuple[GenerationsAbout, list[Generation]]:
    """What all completions share, and the completions.

    Raises:
        DamagedArtifact: a file is missing, cut or malformed, or a completion is longer than its bound.
    """
    path = folder / GENERATIONS
    found = []
    for line, value in read_json_lines(path):
        place = Place(str(path), line=line)
        if line > COMPLETION_LINES:
            raise DamagedArtifact(f"more than {COMPLETION_LINES} completions", at=place)
        found.append(_bounded(checked(Generation, value, place, mend=_MEND), place))
    return read_record(GenerationsAbout, folder / GENERATIONS_ABOUT, mend=_MEND), found


def _bounded(generation: Generation, place: Place) -> Generation:
    for name in ("prompt", "text", "body"):
        length = len(getattr(generation, name).encode())
        if length > COMPLETION_BYTES:
            raise DamagedArtifact(
                f"{name} has {length} bytes; at most {COMPLETION_BYTES} are read",
                at=place,
                why="a program of this length is not parsed or run",
                mend="generate fewer tokens",
            )
    return generation


def read_speed(folder: Path) -> SpeedFile:
    """The samples of a speed artifact.

    Raises:
        DamagedArtifact: missing or malformed.
    """
    return read_record(SpeedFile, folder / SPEED, mend=_MEND)


def read_parity(folder: Path) -> ParityFile:
    """What both sides said.

    Raises:
        DamagedArtifact: missing or malformed.
    """
    return read_record(ParityFile, folder / PARITY, mend=_MEND)
