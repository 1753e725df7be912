"""What was relaxed or unusual while a measurement was taken, in words for every face of a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from specship.evidence.statement import Evidence
from specship.status.report import GateReport, Report

_PASSED_OVER: Final = "passed over"


def relaxed(evidence: Evidence) -> tuple[str, ...]:
    """Everything that a reader of one measurement has to know beside its figures."""
    around = evidence.environment
    return (
        *(f"bypass {name}: {reason}" for name, reason in sorted(evidence.bypasses.items())),
        *(f"variable {name}={value}" for name, value in sorted(around.inherited.items())),
        *(
            f"start-up file {name}: {effect}"
            for name, effect in sorted(around.startup.items())
            if not effect.startswith(_PASSED_OVER)
        ),
        *(f"altered file of specship: {name}" for name in around.altered),
    )


def forbidden_in_a_release(evidence: Evidence) -> str:
    """Why a measurement discharges nothing of a release, whatever it says; empty where nothing does."""
    if evidence.bypasses:
        return f"a check was relaxed for it: {', '.join(sorted(evidence.bypasses))}"
    if evidence.environment.altered:
        return f"specship's own installed files were altered: {', '.join(evidence.environment.altered[:3])}"
    return ""


def bypass_lines(report: Report) -> Iterator[str]:
    """What was relaxed, each with the gates that it stands behind."""
    found: dict[str, set[str]] = {}
    for gate in _gates(report):
        for line in gate.bypasses:
            found.setdefault(line, set()).add(gate.id)
    for line, gates in found.items():
        yield f"{line} ({len(gates)} {'gate' if len(gates) == 1 else 'gates'}, such as {min(gates)})"


def _gates(report: Report) -> Iterable[GateReport]:
    return (gate for model in report.models for criterion in model.criteria for gate in criterion.gates)
