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
from specship.report.lint.text import seen
from specship.review.records import Change


def render(decision: MergeDecision, display: Display = PLAIN) -> str:
    """Every reason, heaviest first."""
    text = io.StringIO()
    console = Console(
        file=text,
        width=display.width,
        force_terminal=display.colour,
        no_color=not display.colour,
        highlight=False,
        soft_wrap=True,
    )
    for line in _lines(decision):
        console.print(line)
    return text.getvalue()


def _lines(decision: MergeDecision) -> Iterator[str]:
    yield from (_weakening(change, decision) for change in decision.weakenings)
    yield from (f"[yellow]{_plain(counted_waiver(waiver, decision))}[/]" for waiver in decision.waivers)
    colour = "red" if decision.reasons else "green"
    yield f"[bold {colour}]{_plain(verdict_line(decision))}[/]"
    for check, reasons in groupby(decision.reasons, key=lambda reason: reason.check):
        yield from _group(check, list(reasons))
    yield from (f"  {_plain(numbers_line(entry))}" for entry in decision.ship_percent)
    yield _plain(facts_line(decision))


def _weakening(change: Change, decision: MergeDecision) -> str:
    return f"[bold red]{_plain(weakening_line(change, decision))}[/]"


def _group(check: str, reasons: list[Reason]) -> Iterator[str]:
    yield f"  [red]{check}[/] [bright_black]{_plain(reasons[0].why)}[/]"
    for reason, following in zip(reasons, [*reasons[1:], None], strict=True):
        at = place(reason)
        yield _plain(f"    {at + ' ' if at else ''}{reason.says}")
        if reason.mend and (following is None or following.mend != reason.mend):  # once for those alike
            yield f"      [bright_black]mend: {_plain(reason.mend)}[/]"


def _plain(text: str) -> str:
    """A text of the change, without what a terminal would obey."""
    return escape(seen(text))
