"""Waivers: `waivers/*.yaml`, one file an exception to one failing gate, with an owner and an end.

A waiver turns nothing into a pass and is in no percentage. It is shown wherever the number is, and while it
is in force `specship gate` does not refuse a change for that one failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, field_validator

from specship.contracts.building import record_faults
from specship.contracts.document import Document, in_order, read_document
from specship.contracts.reader import unread
from specship.contracts.records import Frozen, GateId, Prose
from specship.errors import UnknownName, UnusableInput, did_you_mean

LONGEST: Final = timedelta(days=90)
"""How far ahead of today a waiver may end."""
FOLDER: Final = "waivers"
"""Where they lie when the settings name no other folder."""


class Waiver(Frozen):
    """An exception to one gate that fails in one way: who answers for it, why, and until when."""

    gate: GateId
    """The gate that fails."""
    fingerprint: Annotated[str, Field(pattern=r"^fails-[0-9a-f]{12}$")]
    """Of what fails, as `specship status --format json` and `specship explain GATE` print it."""
    owner: Prose
    """Who answers for it, and is asked when it ends."""
    reason: Prose
    """Why the failure can be borne for now."""
    issue: Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
    """A link to where the mending is followed."""
    expires: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    """Its last day (UTC), in quotes, such as `"2027-01-31"`; at most 90 days ahead."""

    @field_validator("expires")
    @classmethod
    def _is_a_day(cls, text: str) -> str:
        try:
            date.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{text} is no day of the calendar") from None
        return text

    @property
    def last_day(self) -> date:
        """The last day on which it is in force."""
        return date.fromisoformat(self.expires)

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.last_day < today

    def too_long(self, today: date) -> bool:
        """Whether it ends later than an exception may."""
        return self.last_day > today + LONGEST


@dataclass(frozen=True, slots=True)
class WaiverFile:
    """A waiver and the text it came from."""

    waiver: Waiver
    document: Document

    @property
    def path(self) -> str:
        """Path within the project."""
        return self.document.path


def waiver_of(document: Document) -> tuple[WaiverFile | None, list[UnusableInput]]:
    """The waiver that a document is, and everything that is wrong with it; either may be missing."""
    if not isinstance(document.values, dict):
        fault = UnusableInput("a waiver is a mapping of keys", at=document.value_place(), code="SHIP203")
        return None, [fault]
    waiver, faults = record_faults(document, Waiver)
    found = in_order([*document.faults, *faults])
    return (None if waiver is None else WaiverFile(waiver, document)), found


def survey_waivers(folder: Path, *, root: Path) -> tuple[tuple[WaiverFile, ...], list[UnusableInput]]:
    """Every waiver of a folder as far as it can be read, and all faults; a folder may be missing."""
    files: list[WaiverFile] = []
    faults: list[UnusableInput] = list(unread(folder, root, what="a waiver"))
    for path in sorted(folder.glob("*.yaml")):
        try:
            file, own = waiver_of(read_document(path, root=root))
        except UnusableInput as error:
            faults.append(error)
            continue
        faults += own
        if file is not None:
            files.append(file)
    return tuple(files), faults


def waiver_faults(waivers: Iterable[WaiverFile], gates: Mapping[str, object]) -> Iterable[UnusableInput]:
    """Waivers of gates that no contract has."""
    for file in waivers:
        if file.waiver.gate not in gates:
            yield UnknownName(
                f"no contract has a gate {file.waiver.gate!r}",
                at=file.document.value_place("gate"),
                mend=did_you_mean(file.waiver.gate, gates) or "list them: specship trace",
                code="SHIP305",
            )
