"""Waivers that hold for longer than an exception may."""

from __future__ import annotations

from collections.abc import Iterator

from specship.lint.rule import Violation, rule
from specship.lint.view import View
from specship.specs.waivers import LONGEST


@rule("SHIP414", bad='expires: "2099-12-31"', good='expires: "2026-01-31"   # at most 90 days ahead')
def check(view: View) -> Iterator[Violation]:
    """An exception without an end in sight is the rule, and nobody voted for it.

    A waiver names one gate and one failure of it, so that it can be too broad in time alone: it ends at most
    90 days ahead. Until it is shortened it excuses nothing.
    """
    for file in view.waivers:
        if file.waiver.too_long(view.today):
            yield Violation(
                file.document, ("expires",),
                f"the waiver of {file.waiver.gate} ends on {file.waiver.expires}, more than "
                f"{LONGEST.days} days ahead",
                f"end it on {view.today + LONGEST} or sooner",
            )  # fmt: skip
