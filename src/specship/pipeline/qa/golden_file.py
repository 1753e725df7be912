"""Greedy texts of a model that was known to be good, kept for later: what `--golden` compares with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from specship.errors import DamagedArtifact, UnusableInput
from specship.files import write_json
from specship.pipeline.qa.records import QaReport
from specship.strict_json import read_json

FORMAT: Final = "specship-golden/1"
_GATE: Final = "golden"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class StoredText(_Record):
    """A prompt, and what the model wrote after it."""

    prompt: Annotated[str, Field(min_length=1, max_length=65_536)]
    text: str


class GoldenFile(_Record):
    """All stored texts, and how many greedy steps each of them is."""

    format: Literal["specship-golden/1"]
    steps: Annotated[int, Field(ge=1, le=1024)]
    texts: Annotated[list[StoredText], Field(min_length=1, max_length=1024)]


def read_golden(path: Path) -> GoldenFile:
    """Stored texts.

    Raises:
        DamagedArtifact: missing, unreadable, or no such file as `write_golden` makes.
    """
    try:
        return GoldenFile.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise DamagedArtifact(
            f"not a file of golden texts: {where}: {first['msg']}",
            at=path,
            mend="write one of a model that is known to be good: specship qa MODEL --write-golden FILE",
        ) from error


def write_golden(report: QaReport, path: Path) -> None:
    """Keep the greedy texts of a report.

    Raises:
        UnusableInput: the gate that writes them was not executed.
        CannotWrite: the disk is full or refuses.
    """
    answer = next((one for one in report.answers if one.name == _GATE), None)
    if answer is None or not answer.records:
        raise UnusableInput("the model wrote no texts, so that there are none to keep", at=report.model)
    write_json(path, answer.records)
