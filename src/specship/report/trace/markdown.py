"""The trace as Markdown: for pull requests and documents."""

from __future__ import annotations

import html
from collections.abc import Iterable

from specship.report.formats import PLAIN, Display
from specship.report.formatting import limits_line
from specship.report.trace_rows import by_kind, verdict_of, visible
from specship.suite.explain.trace_records import Trace, TraceRow

_COLUMNS = (
    "model",
    "criterion",
    "weight",
    "status",
    "gate",
    "probe",
    "faults",
    "verdict",
    "armed",
    "evidence",
)
_SPECIAL = "\\`*_[]|~"


def render(trace: Trace, _display: Display = PLAIN) -> str:
    """The whole trace."""
    lines = [f"# {_plain(trace.spec)} {trace.version} at profile {trace.profile}", ""]
    lines += [_line(_COLUMNS), _line("---" for _ in _COLUMNS)]
    lines += [_line(_cells(row)) for row in trace.rows]
    for title, orphans in by_kind(trace):
        lines += ["", f"## {title[0].upper()}{title[1:]} ({len(orphans)})", ""]
        lines += [f"- {_plain(one.name)} ({_plain(one.place)}): {_plain(one.said)}" for one in orphans]
    for problem in trace.problems:
        lines += ["", f"**Damage:** {_plain(problem)}"]
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cells(row: TraceRow) -> Iterable[str]:
    armed = "armed" if row.armed else "not armed"
    yield from (_plain(text) for text in (row.model, row.criterion, str(row.weight), row.status))
    yield _plain(row.gate) + ("" if row.blocking else " (advisory)")
    yield _plain(row.probe or "—")
    yield "<br>".join(_plain(fault) for fault in row.faults) or "—"
    yield _plain(verdict_of(row))
    limits = f"<br>{_plain(limits_line(row.limits))}" if row.limits else ""
    yield armed + limits if row.faults else "—"
    yield _plain(row.evidence[:16] if row.evidence else "—")


def _plain(text: str) -> str:
    """Text that is neither markup, nor HTML, nor the end of its cell."""
    escaped = "".join(f"\\{letter}" if letter in _SPECIAL else letter for letter in visible(text))
    return html.escape(escaped, quote=False)
