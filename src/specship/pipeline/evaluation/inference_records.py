"""Records of the artifacts `generations`, `speed` and `parity`, read with distrust."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from specship.bounds import COMPLETION_BYTES, COMPLETION_LINES
from specship.errors import DamagedArtifact, Place
from specship.strict_json import read_json, read_json_lines

GENERATIONS: Final = "generations.jsonl"
GENERATIONS_ABOUT: Final = "generations.json"
SPEED: Final = "speed.json"
PARITY: Final = "parity.json"

TokenId = Annotated[int, Field(ge=0)]
Decoding = Literal["greedy", "sampled"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Generation(_Record):
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


class _JudgedSettings(_Record):
    judged: Decoding
    new_tokens: int


class GenerationsAbout(_Record):
    """What all completions share."""

    weights_sha256: str
    settings: _JudgedSettings


class SpeedSample(_Record):
    """One timed decode."""

    decoder: str
    round: int
    seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    token_ids: list[TokenId]


class SpeedFile(_Record):
    """All samples, and where they were taken."""

    weights_sha256: str
    device: str
    device_name: str
    threads: int
    prompt_ids: list[TokenId]
    samples: list[SpeedSample]


class ParityStep(_Record):
    """One of llama.cpp's steps; the keys of `logprobs` are token ids as text."""

    token: TokenId
    logprobs: dict[str, float]


class ParityPrompt(_Record):
    """Both sides on one prompt."""

    document_sha256: str
    prompt_ids: list[TokenId]
    llama_cpp: list[ParityStep]
    decoder_ids: list[TokenId]


class ParityText(_Record):
    """How llama.cpp cut a text."""

    text: str
    llama_cpp: list[TokenId]


class ParityFile(_Record):
    """Both sides on everything."""

    gguf_sha256: str
    weights_sha256: str
    steps: int
    barred_ids: list[TokenId]
    prompts: list[ParityPrompt]
    texts: list[ParityText]


_R = TypeVar("_R", bound=_Record)


def _checked(model: type[_R], value: Any, place: Place) -> _R:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "record"
        raise DamagedArtifact(
            f"malformed: {where}: {first['msg']}", at=place, mend="run the stage that made it again"
        ) from error


def _document(model: type[_R], path: Path) -> _R:
    return _checked(model, read_json(path), Place(str(path)))


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
        found.append(_bounded(_checked(Generation, value, place), place))
    return _document(GenerationsAbout, folder / GENERATIONS_ABOUT), found


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
    return _document(SpeedFile, folder / SPEED)


def read_parity(folder: Path) -> ParityFile:
    """What both sides said.

    Raises:
        DamagedArtifact: missing or malformed.
    """
    return _document(ParityFile, folder / PARITY)
