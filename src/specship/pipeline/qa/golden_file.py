"""Greedy texts of a model that was known to be good, kept for later: what `--golden` compares with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from specship.errors import UnusableInput
from specship.files import write_json
from specship.pipeline.qa.records import QaReport
from specship.records import Record, read_record

FORMAT: Final = "specship-golden/1"
_GATE: Final = "golden"


class StoredText(Record):
    """A prompt, and what the model wrote after it."""

    prompt: Annotated[str, Field(min_length=1, max_length=65_536)]
    text: str


class GoldenFile(Record):
    """All stored texts, and how many greedy steps each of them is."""

    format: Literal["specship-golden/1"]
    steps: Annotated[int, Field(ge=1, le=1024)]
    texts: Annotated[list[StoredText], Field(min_length=1, max_length=1024)]


def read_golden(path: Path) -> GoldenFile:
    """Stored texts.

    Raises:
        DamagedArtifact: missing, unreadable, or no such file as `write_golden` makes.
    """
    return read_record(
        GoldenFile,
        path,
        what="not a file of golden texts",
        mend="write one of a model that is known to be good: specship qa MODEL --write-golden FILE",
    )


def write_golden(report: QaReport, path: Path) -> None:
    """Keep the greedy texts of a report.

    Raises:
        UnusableInput: the gate that writes them was not executed.
        CannotWrite: the disk is full or refuses.
    """
    answer = next((one for one in report.answers if one.name == _GATE), None)
    if answer is None or not answer.records:
        raise UnusableInput(
            "the model wrote no texts, so that there are none to keep",
            at=report.model,
            mend="use a model with a decoder, or leave --write-golden out",
        )
    write_json(path, answer.records)
