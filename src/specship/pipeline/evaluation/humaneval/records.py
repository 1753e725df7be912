"""The records of a self-test and of a model's evaluations, read with distrust."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from specship.pipeline.evaluation.humaneval.selftest import FORMAT
from specship.records import Count, OpenRecord, read_record


class KnownResult(OpenRecord):
    """One completion of the self-test."""

    kind: Literal["canonical", "wrong", "unanswered", "hostile"]
    task_id: str
    index: Count
    outcome: str


class Attempts(OpenRecord):
    """What generated code could do, by the name of the attempt."""

    fault: str
    open: list[str]
    unclear: list[str]
    untouched: bool


class Sandbox(OpenRecord):
    """What was in force."""

    level: str
    fit_for_release: bool
    canaries: Count
    canary_faults: list[str]


class SelfTest(OpenRecord):
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
    return read_record(SelfTest, path, what="no record of a self-test", why=f"its format is {FORMAT}")
