"""The records of a self-test and of a model's evaluations, read with distrust."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from specship.errors import DamagedArtifact
from specship.pipeline.evaluation.humaneval.selftest import FORMAT
from specship.strict_json import read_json


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class KnownResult(_Record):
    """One completion of the self-test."""

    kind: Literal["canonical", "wrong", "unanswered", "hostile"]
    task_id: str
    index: Annotated[int, Field(ge=0)]
    outcome: str


class Attempts(_Record):
    """What generated code could do, by the name of the attempt."""

    fault: str
    open: list[str]
    unclear: list[str]
    untouched: bool


class Sandbox(_Record):
    """What was in force."""

    level: str
    fit_for_release: bool
    canaries: Annotated[int, Field(ge=0)]
    canary_faults: list[str]


class SelfTest(_Record):
    """All of a self-test."""

    format: Literal["specship humaneval self-test 1"]
    problems_sha256: str
    error: str
    sandbox: Sandbox
    attempts: Attempts
    results: list[KnownResult]


def read_self_test(path: Path) -> SelfTest:
    """The record of a self-test.

    Raises:
        DamagedArtifact: it is none.
    """
    try:
        return SelfTest.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DamagedArtifact(
            f"no record of a self-test: {place}: {first['msg']}", at=path, why=f"its format is {FORMAT}"
        ) from error
