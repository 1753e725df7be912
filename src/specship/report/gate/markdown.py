"""The decision as Markdown, for the summary of a job: bounded, and it says how much is left out.

A summary of GitHub holds 1 MiB of a step; whoever reads one wants a screen. Texts of a change come from
whoever wrote it, so that nothing of them is read as Markdown or HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from specship.pull_request.records import MergeDecision, Reason
from specship.report.formats import PLAIN, Display
from specship.report.formatting import percent
from specship.report.gate._phrases import counted_waiver, facts_line, place, verdict_line, what
from specship.report.lint.text import seen
from specship.review.records import Direction

_ROWS: Final = 30
"""Most rows of a table."""
_CHARACTERS: Final = 300
"""Longest text of a cell."""
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~@!&])")


def render(decision: MergeDecision, _display: Display = PLAIN) -> str:
    """Weakenings and exceptions first, then the answer, the reasons and the numbers."""
    lines = [*_weakenings(decision), *_waivers(decision)]
    lines += [f"## {'❌' if decision.reasons else '✅'} specship: {_safe(verdict_line(decision))}", ""]
    if decision.reasons:
        rows = [_reason(reason) for reason in decision.reasons]
        lines += _table(("check", "where", "reason", "mend"), rows, "reasons")
    if decision.ship_percent:
        rows = [
            (_safe(e.model), _safe(e.profile), *(_percent(v) for v in (e.before, e.after, e.on_base)))
            for e in decision.ship_percent
        ]
        lines += _table(("model", "profile", "before", "after", "by base's demands"), rows, "models")
    return "\n".join([*lines, _safe(facts_line(decision)) + ".", ""])


def _percent(value: float | None) -> str:
    return "none" if value is None else percent(value)


def _reason(reason: Reason) -> tuple[str, ...]:
    return (f"`{reason.check}`", _safe(place(reason)), _safe(reason.says), _safe(reason.mend))


def _weakenings(decision: MergeDecision) -> Iterator[str]:
    rows = [
        (
            f"**{change.direction.upper()}**", _safe(change.id), _safe(what(change)),
            "**no**" if change.id in decision.unnamed else "yes",
        )
        for change in decision.weakenings
    ]  # fmt: skip
    if rows:
        weaker = sum(
            change.direction in {Direction.WEAKENED, Direction.REMOVED} for change in decision.weakenings
        )
        others = len(rows) - weaker
        parts = [f"{weaker} weakening{'s' if weaker > 1 else ''}"] * bool(weaker)
        parts += [f"{others} change{'s' if others > 1 else ''} that may be one"] * bool(others)
        yield f"### ⚠️ {' and '.join(parts)}"
        yield ""
        yield from _table(("direction", "id", "what", "named by an amendment"), rows, "weakenings")


def _waivers(decision: MergeDecision) -> Iterator[str]:
    lines = [f"- ⏳ {_safe(counted_waiver(waiver, decision))}" for waiver in decision.waivers]
    if lines:
        yield from lines[:_ROWS]
        if len(lines) > _ROWS:
            yield f"- {len(lines) - _ROWS} more waivers are not shown"
        yield ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], what: str) -> Iterator[str]:
    given = list(rows)
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    yield from (f"| {' | '.join(row)} |" for row in given[:_ROWS])
    yield ""
    if len(given) > _ROWS:
        yield f"{len(given) - _ROWS} of {len(given)} {what} are left out here; `specship gate` prints all."
        yield ""


def _safe(text: str) -> str:
    """A text as it is, on one line, cut to what a cell holds."""
    line = " ".join(seen(part) for part in text.split())
    cut = line if len(line) <= _CHARACTERS else f"{line[: _CHARACTERS - 1]}…"
    return _SPECIAL.sub(r"\\\1", cut)
