"""The decision for people at a terminal: weakenings first, then exceptions, the answer, and why."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import groupby

from rich.console import Console
from rich.markup import escape

from specship.pull_request.records import MergeDecision, Reason
from specship.report.formats import PLAIN, Display
from specship.report.gate._phrases import (
    counted_waiver,
    facts_line,
    numbers_line,
    place,
    verdict_line,
    weakening_line,
)
from specship.review.records import Change


def render(decision: MergeDecision, display: Display = PLAIN) -> str:
    """Every reason, heaviest first."""
    text = io.StringIO()
    console = Console(
        file=text, width=display.width, force_terminal=display.colour, no_color=not display.colour, highlight=False,
        soft_wrap=True,
    )  # fmt: skip
    for line in _lines(decision):
        console.print(line)
    return text.getvalue()


def _lines(decision: MergeDecision) -> Iterator[str]:
    yield from (_weakening(change, decision) for change in decision.weakenings)
    yield from (f"[yellow]{escape(counted_waiver(waiver, decision))}[/]" for waiver in decision.waivers)
    colour = "red" if decision.reasons else "green"
    yield f"[bold {colour}]{escape(verdict_line(decision))}[/]"
    for check, reasons in groupby(decision.reasons, key=lambda reason: reason.check):
        yield from _group(check, list(reasons))
    yield from (f"  {escape(numbers_line(entry))}" for entry in decision.ship_percent)
    yield escape(facts_line(decision))


def _weakening(change: Change, decision: MergeDecision) -> str:
    return f"[bold red]{escape(weakening_line(change, decision))}[/]"


def _group(check: str, reasons: list[Reason]) -> Iterator[str]:
    yield f"  [red]{check}[/] [bright_black]{escape(reasons[0].why)}[/]"
    for reason in reasons:
        at = place(reason)
        yield escape(f"    {at + ' ' if at else ''}{reason.says}")
        if reason.mend:
            yield f"      [bright_black]mend: {escape(reason.mend)}[/]"
