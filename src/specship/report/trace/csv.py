"""The trace as CSV: a row for each criterion and gate, then a row for each thing that stands alone.

A cell that a spreadsheet would run as a formula gets an apostrophe in front.
"""

from __future__ import annotations

import csv
import io
from typing import Final

from specship.report.formats import PLAIN, Display
from specship.report.trace_rows import visible
from specship.suite.explain.trace_records import Trace

COLUMNS: Final = (
    "model", "criterion", "weight", "status", "gate", "blocking", "place", "verdict", "fresh", "armed",
    "probe", "faults", "evidence", "ended", "orphan", "said",
    "limits", "limits_seen", "limits_excused", "limits_unseen",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@")
_HOME: Final = {
    "criterion": "criterion",
    "gate": "gate",
    "probe": "probe",
    "fault": "faults",
    "evidence": "evidence",
    "limit": "limits_unseen",
}


def render(trace: Trace, _display: Display = PLAIN) -> str:
    """The whole trace; an orphan's name stands in the column of its kind."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    table.writeheader()
    for row in trace.rows:
        facts = row.model_dump()
        facts["faults"] = " ".join(row.faults)
        facts["limits"] = len(row.limits)
        for state in ("seen", "excused", "unseen"):
            facts[f"limits_{state}"] = " ".join(one.quantity for one in row.limits if one.seen == state)
        table.writerow({name: _safe(value) for name, value in facts.items()})
    for orphan in trace.orphans:
        column = _HOME[orphan.kind.split("-", 1)[0]]
        facts = {column: orphan.name, "place": orphan.place, "orphan": orphan.kind, "said": orphan.said}
        table.writerow({name: _safe(value) for name, value in facts.items()})
    return text.getvalue()


def _safe(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    cell = "" if value is None else visible(str(value))
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
