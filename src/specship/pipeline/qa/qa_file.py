"""The artifact `qa`: reports on several models, written by a stage and read with distrust."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from specship.pipeline.qa.records import QaReport
from specship.records import OpenRecord, read_record

QA_FILE: Final = "qa.json"


class RecordedGate(OpenRecord):
    """What a gate said when the stage ran."""

    name: str
    verdict: Literal["PASS", "FAIL", "ERROR"]
    executed: bool
    detail: str
    records: dict[str, Any]
    """Answers of the second runner, step by step; empty for gates that need none."""


class RecordedModel(OpenRecord):
    """All gates on one model."""

    gates: list[RecordedGate]

    def of(self, name: str) -> RecordedGate | None:
        """The gate of that name, if it was asked."""
        return next((gate for gate in self.gates if gate.name == name), None)


class QaFile(OpenRecord):
    """All reports by the name of the artifact they are about."""

    format: Literal["specship-qa/1"]
    models: dict[str, RecordedModel]


def as_document(reports: Mapping[str, QaReport]) -> dict[str, Any]:
    """Reports as plain values, raw records beside each gate."""
    models = {
        name: report.as_json()
        | {"gates": [one.as_json() | {"records": dict(one.records)} for one in report.answers]}
        for name, report in reports.items()
    }
    return {"format": "specship-qa/1", "models": models}


def read_qa(folder: Path) -> QaFile:
    """What the stage wrote.

    Raises:
        DamagedArtifact: missing or malformed.
    """
    return read_record(QaFile, folder / QA_FILE, mend="run the stage that made it again")
