"""The guards for a person: what is missing first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from specship.report.formats import PLAIN, Display
from specship.suite.trust_audit.guard import GuardReport, State, TrustAudit

_SIGNS: Final[dict[State, str]] = {"not here": "✗", "in part": "~", "in force": "✓"}
_NARROWEST: Final = 60


def render(audit: TrustAudit, display: Display = PLAIN) -> str:
    """A line that counts, then each guard with what it answers and why it does or does not."""
    counts = audit.counts
    head = f"{counts['in force']} of {len(audit.guards)} guards are in force here"
    more = [f"{counts[state]} {state}" for state in ("in part", "not here") if counts[state]]
    lines = [", ".join([head, *more])]
    for guard in audit.guards:
        lines += ["", *_told(guard, max(display.width, _NARROWEST))]
    return "".join(f"{line}\n" for line in lines)


def _told(guard: GuardReport, width: int) -> Iterator[str]:
    yield f"{_SIGNS[guard.state]} {guard.guard}: {guard.state}"
    for name, text in (("against", guard.against), ("here", guard.says), ("mend", guard.mend)):
        if text:
            start = f"    {name + ':':9}"
            yield from textwrap.wrap(text, width, initial_indent=start, subsequent_indent=" " * len(start))
