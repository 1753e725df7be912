"""Records of artifacts that are read with distrust: their base, their common fields, and the one check.

Only a reader's own records belong here. What people write (contracts, the specification) reports every fault
at once and with its line; see `contracts.building` and `specs.project`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from specship.errors import DamagedArtifact, Place
from specship.strict_json import read_json

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A digest in lower-case hexadecimal."""
Count = Annotated[int, Field(ge=0)]
"""A whole number that is not negative: a size in bytes, a number of things, an id."""
MALFORMED: Final = "malformed"


class Record(BaseModel):
    """A record whose every key is known; no value is turned into another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class OpenRecord(Record):
    """A record of which some keys are read; a writer may add others."""

    model_config = ConfigDict(extra="ignore")


R = TypeVar("R", bound=BaseModel)


def checked(
    model: type[R], value: Any, at: Place | Path, *, mend: str = "", what: str = MALFORMED, why: str = ""
) -> R:
    """A plain value as a record.

    Raises:
        DamagedArtifact: it is none; says `what` it is instead, the key's path and the first fault there.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(map(str, first["loc"]))
        told = [what, path, first["msg"].removeprefix("Value error, ")]
        raise DamagedArtifact(": ".join(filter(None, told)), at=at, why=why, mend=mend) from error


def read_record(model: type[R], path: Path, *, mend: str = "", what: str = MALFORMED, why: str = "") -> R:
    """The record that a JSON file holds.

    Raises:
        DamagedArtifact: the file is missing, breaks a rule of `strict_json`, or holds no such record.
    """
    return checked(model, read_json(path), path, mend=mend, what=what, why=why)
