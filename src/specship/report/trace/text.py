"""The trace as a table for terminals, with what stands alone below it."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from specship.report.formats import PLAIN, Display
from specship.report.formatting import ago, limits_line
from specship.report.trace_rows import by_kind, verdict_of, visible, visible_lines
from specship.suite.explain.trace_records import Orphan, Trace, TraceRow
from specship.suite.explain.tracing import SHIPPED_PLACE

_NARROWEST = 60
_WHOLE = {"criterion", "gate", "evidence"}


def render(trace: Trace, display: Display = PLAIN) -> str:
    """The trace as text of that width."""
    text = io.StringIO()
    width = max(display.width, _NARROWEST)
    console = Console(
        file=text, width=width, force_terminal=display.colour, no_color=not display.colour, highlight=False
    )
    console.print(Text(visible(f"{trace.spec} {trace.version} at profile {trace.profile}"), style="bold"))
    console.print(_table(trace.rows))
    for title, orphans in by_kind(trace):
        console.print(Text(f"{title} ({len(orphans)})", style="bold"))
        for line in _lines(orphans, width):
            console.print(Text(line), soft_wrap=True)
    if not trace.orphans:
        console.print("nothing stands alone")
    for problem in trace.problems:
        console.print(Text(visible_lines(problem), style="red"), soft_wrap=True)
    return "\n".join(line.rstrip() for line in text.getvalue().split("\n"))


def _table(rows: Iterable[TraceRow]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("criterion", "gate", "probe", "faults", "evidence"):
        # An id that is broken into two lines cannot be searched for.
        table.add_column(title, overflow="fold", no_wrap=title in _WHOLE)
    shown = ""
    for row in rows:
        heading = "" if row.criterion == shown else f"{row.criterion} ({row.weight})\n{row.status}"
        shown = row.criterion
        armed = "\nnot armed" if row.faults and not row.armed else ""
        limits = f"\n{limits_line(row.limits)}" if row.faults and row.limits else ""
        evidence = f"\n{row.evidence[:12]}…\n{ago(row.ended)}" if row.evidence else ""
        cells = (
            heading,
            row.gate + ("" if row.blocking else "\nadvisory"),
            row.probe or "—",
            "\n".join(row.faults) + armed + limits or "—",
            verdict_of(row) + evidence,
        )
        table.add_row(*(Text(visible_lines(cell)) for cell in cells))
    return table


def _lines(orphans: Iterable[Orphan], width: int) -> Iterable[str]:
    """One line an orphan; what comes with specship is listed by name alone, there is much of it."""
    shipped = []
    for orphan in orphans:
        if orphan.place == SHIPPED_PLACE:
            shipped.append(orphan.name)
            continue
        line = visible(f"{orphan.name} ({orphan.place}): {orphan.said}")
        yield from textwrap.wrap(
            line, width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
        )
    if shipped:
        line = f"of those that come with specship: {', '.join(shipped)}"
        yield from textwrap.wrap(
            line, width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
        )
