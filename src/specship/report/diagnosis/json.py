"""A diagnosis for programs."""

from __future__ import annotations

import json
import math
from typing import Any

from specship.diagnose.diagnosing import Diagnosis
from specship.diagnose.finding import CauseFinding
from specship.diagnose.whys import five_whys
from specship.report.diagnosis._phrases import needs
from specship.report.formats import PLAIN, Display


def render(diagnosis: Diagnosis, _display: Display = PLAIN) -> str:
    """The published shape as text."""
    return json.dumps(shape(diagnosis), indent=2, allow_nan=False) + "\n"


def shape(diagnosis: Diagnosis) -> dict[str, Any]:
    """The published shape; a figure that is not finite is null, with its name as text beside it."""
    return {
        "run": diagnosis.run,
        "kind": diagnosis.facts.kind,
        "binding": diagnosis.binding,
        "classes": [
            {
                "rank": one.rank,
                "class": one.root.value,
                "strongest": one.strongest.cause.name,
                "confidence": one.strongest.observed.confidence,
                "findings": len(one.findings),
            }
            for one in diagnosis.classes
        ],
        "findings": [_finding(finding) for finding in diagnosis.findings],
        "remarks": [_finding(finding) for finding in diagnosis.remarks],
        "cannot_tell": {name: needs(diagnosis, name) for name in diagnosis.missing},
        "open_ends": list(diagnosis.open_ends),
        "examined": list(diagnosis.examined),
        "inapplicable": dict(diagnosis.inapplicable),
        "told": sorted(diagnosis.facts.told),
        "notes": list(diagnosis.notes),
        "five_whys": [{"why": why.question, "because": why.answer} for why in five_whys(diagnosis)],
    }


def _finding(finding: CauseFinding) -> dict[str, Any]:
    observed, cause = finding.observed, finding.cause
    return {
        "class": cause.root.value,
        "name": cause.name,
        "says": observed.says,
        "figures": {
            figure.name: {**_plain("value", figure.value), "unit": figure.unit} for figure in observed.figures
        },
        "lines": [str(line) for line in observed.lines],
        **_plain("confidence", observed.confidence),
        "confidence_rule": observed.rule,
        "refute_by": observed.refute_by,
        "reference": cause.reference,
    }


def _plain(name: str, value: float | str) -> dict[str, float | str | None]:
    """A value under its name; JSON has neither NaN nor infinity, so that these are null, with `*_text`."""
    if isinstance(value, str) or math.isfinite(value):
        return {name: value}
    return {name: None, f"{name}_text": str(value)}
