"""The decision as annotations of a GitHub workflow.

Weakenings come first, then the other reasons by weight. GitHub shows ten errors of a step, so a plain line
says how many it hides. Only lines that head has can be annotated: what was removed is told without a place.
Source: workflow commands of GitHub Actions.
"""

from __future__ import annotations

from typing import Final

from specship.pull_request.records import MergeDecision, Reason
from specship.report.formats import PLAIN, Display
from specship.report.gate._phrases import (
    counted_waiver,
    facts_line,
    head_place,
    numbers_line,
    verdict_line,
    weakening_line,
)
from specship.report.lint.github import as_data, as_property
from specship.report.lint.text import seen

_SHOWN: Final = 10


def render(decision: MergeDecision, _display: Display = PLAIN) -> str:
    """An error a reason, a warning for what does not fail, and plain lines that sum up."""
    named = [change for change in decision.weakenings if change.id not in decision.unnamed]
    lines = [
        _command("warning", weakening_line(change, decision), "weakening", *head_place(change))
        for change in named
    ]
    lines += [
        _command("warning", counted_waiver(waiver, decision), "waiver", waiver.path, waiver.line)
        for waiver in decision.waivers
    ]
    ranked = [_reason(reason) for reason in decision.reasons]
    hidden = max(len(ranked) - _SHOWN, 0) + max(len(lines) - _SHOWN, 0)
    closing = verdict_line(decision)
    if hidden:
        closing += f"; GitHub hides {hidden} of them: it shows {_SHOWN} errors and {_SHOWN} warnings a step"
    plain = [closing, *map(numbers_line, decision.ship_percent), facts_line(decision)]
    unnamed = sum(reason.check == "weakening-not-named" for reason in decision.reasons)
    first, rest = ranked[:unnamed], ranked[unnamed:]
    return "".join(f"{line}\n" for line in [*first, *lines, *rest, *map(seen, plain)])


def _reason(reason: Reason) -> str:
    text = f"{reason.says} ({reason.mend})" if reason.mend else reason.says
    return _command("error", text, reason.check, reason.path, reason.line)


def _command(level: str, text: str, title: str, path: str | None, line: int | None) -> str:
    at = f"file={as_property(path)},line={line or 1}," if path else ""
    return f"::{level} {at}title={as_property(f'specship {title}')}::{as_data(text)}"
