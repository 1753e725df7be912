"""Waivers whose last day is over."""

from __future__ import annotations

from collections.abc import Iterator

from specship.lint.rule import Violation, rule
from specship.lint.view import View


@rule(
    "SHIP413", bad='expires: "2020-01-31"', good='expires: "2026-01-31"   # while that day is still to come'
)
def check(view: View) -> Iterator[Violation]:
    """A waiver that ended excuses nothing, and whoever reads it believes that it does.

    Its last day counts, in UTC.
    """
    for file in view.waivers:
        if file.waiver.expired(view.today):
            yield Violation(
                file.document, ("expires",),
                f"the waiver of {file.waiver.gate} ended on {file.waiver.expires}",
                f"mend what fails, or ask {file.waiver.owner} for a new one; delete this file",
            )  # fmt: skip
