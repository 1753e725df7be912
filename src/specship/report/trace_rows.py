"""What the tables of a trace have in common: their columns, and the words in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from specship.suite.explain.trace_records import Orphan, Trace, TraceRow

TITLES: Final[Mapping[str, str]] = {
    "criterion-without-gate": "criteria without a gate",
    "gate-without-criterion": "gates without a criterion",
    "gate-without-probe": "gates without a probe",
    "gate-without-fault": "gates without a fault",
    "limit-without-fault": "limits that no fault breaks",
    "probe-without-gate": "probes that no gate uses",
    "fault-without-gate": "faults that no gate names",
    "evidence-without-gate": "statements that belong to no gate of today",
}


def verdict_of(row: TraceRow) -> str:
    """The verdict in words: `PASS`, `PASS (stale)`, `none`."""
    stale = "" if row.fresh or row.verdict in {None, "UNBOUND", "BLOCKED"} else " (stale)"
    return (row.verdict or "none") + stale


def by_kind(trace: Trace) -> Iterable[tuple[str, list[Orphan]]]:
    """Titles with the orphans below them; kinds without any are left out."""
    for kind, title in TITLES.items():
        if found := [orphan for orphan in trace.orphans if orphan.kind == kind]:
            yield title, found


def visible(text: str) -> str:
    """A text on one line, with characters that steer a terminal shown instead of sent."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)


def visible_lines(text: str) -> str:
    """The same of a text of several lines, which stay apart."""
    return "\n".join(visible(line) for line in text.split("\n"))
