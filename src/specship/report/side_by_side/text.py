"""Two sides as a table for a terminal of any width."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from specship.exhibits.side_by_side import SideBySide, models_beside
from specship.report.formats import PLAIN, Display
from specship.report.side_by_side._rows import SideRow, gate_rows, percent_rows, run_rows, status_lines
from specship.wording import counted


def render(found: SideBySide, display: Display = PLAIN) -> str:
    """What differs; what is equal is counted."""
    lines = [f"a  {found.a}", f"b  {found.b}", ""]
    if found.reports:
        lines += [f"{report.spec} {report.version}" for report in found.reports[:1]]
        lines += _table(percent_rows(found), display.width)
        for one, other in models_beside(found):
            known = one or other
            lines += [f"  {known.model} {known.profile} {line}" for line in status_lines(one, other) if known]
        rows = gate_rows(found)
        lines += ["", "gates that differ" if rows else "no gate differs", *_table(rows, display.width)]
        if found.changes:
            lines += ["", f"{counted(len(found.changes), 'change')} of demands", *found.changes]
    if found.runs:
        lines += _table(run_rows(*found.runs), display.width)
    if found.pair:
        lines += [found.pair.verdict]
        lines += [
            f"  {name}  {'not finite' if value is None else f'{value:.6g}'}"
            for name, value in found.pair.figures.items()
        ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _table(rows: Iterable[SideRow], width: int) -> Iterator[str]:
    """Columns where they fit; else the two sides below their name."""
    found = list(rows)
    if not found:
        return
    sizes = [max(len(row[at]) for row in found) for at in range(4)]
    if sum(sizes) + 6 <= width:
        for row in found:
            yield "  ".join(text.ljust(size) for text, size in zip(row, sizes, strict=True))
        return
    for row in found:
        yield f"{row.name}  {row.note}".rstrip()
        yield f"    a {row.one}"
        yield f"    b {row.other}"
