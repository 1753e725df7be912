"""Histories as lines that draw, for a terminal of any width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from specship.exhibits.trends import CommittedPercent, Trend
from specship.report.formats import PLAIN, Display
from specship.report.formatting import percent, sparkline
from specship.status.exhibits import QuantityHistory
from specship.units import Quantity
from specship.wording import counted

_SPARK = 24


def render(found: Trend, display: Display = PLAIN) -> str:
    """A line for each model, then one for each quantity, by gate."""
    lines = [f"{found.spec} {found.version}{f': {found.asked}' if found.asked else ''}"]
    keys = dict.fromkeys((one.model, one.profile) for one in found.percents)
    for key in keys:
        lines += _percent(key, [one for one in found.percents if (one.model, one.profile) == key])
    for heading in dict.fromkeys((one.gate, one.model, one.profile) for one in found.histories):
        lines.append(f"{heading[0]} ({heading[1]} {heading[2]})")
        own = [one for one in found.histories if (one.gate, one.model, one.profile) == heading]
        shown = own if found.asked else [one for one in own if _moves(one)]
        for history in shown:
            lines += _line(history, display.width)
        if still := len(own) - len(shown):
            lines.append(f"  {counted(still, 'quantity', 'quantities')} never moved")
    if not found.histories and not found.percents:
        lines.append("the ledger holds no measurement of it by a known key")
    return "\n".join(lines) + "\n"


def _percent(key: tuple[str, str], points: Sequence[CommittedPercent]) -> Iterator[str]:
    values = [one.percent for one in points]
    drawn = "".join("▁▂▃▄▅▆▇█"[round(value / 100 * 7)] for value in values)
    first, last = points[0], points[-1]
    yield (
        f"{key[0]} {key[1]}  {drawn}  {percent(first.percent)} → {percent(last.percent)}"
        f"  ({first.when[:10]} to {last.when[:10]}, committed evidence)"
    )


def _moves(history: QuantityHistory) -> bool:
    return len({point.value for point in history.points}) > 1


def _line(history: QuantityHistory, width: int) -> Iterator[str]:
    values = [point.value for point in history.points]
    first, last = Quantity(values[0], history.unit), Quantity(values[-1], history.unit)
    went = f"{last}" if len(values) == 1 else f"{first} → {last}"
    failed = sum(point.verdict != "PASS" for point in history.points)
    note = f"{counted(history.of, 'time')}{f', {failed} failed' if failed else ''}"
    line = f"  {history.quantity}  {sparkline(values, width=_SPARK)}  {went}  ({note})"
    if len(line) <= width:
        yield line
    else:
        yield f"  {history.quantity}"
        yield f"    {sparkline(values, width=_SPARK)}  {went}"
        yield f"    ({note})"
