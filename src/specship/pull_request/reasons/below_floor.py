"""Numbers below what `--fail-under` demands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import MergeFacts, MergeObjection

WEIGHT: Final = 50


def reasons(facts: MergeFacts) -> Iterator[MergeObjection]:
    """Whoever set a floor wants nothing merged that lies below it."""
    floor = facts.floor
    for entry in facts.review.ship_percent:
        if entry.after is None or floor is None or entry.profile not in facts.releases:
            continue
        if entry.after < floor:
            yield MergeObjection(
                entry.model,
                f"{entry.model} ships {entry.after:g} % at {entry.profile}, and {floor:g} % are demanded",
                "specship next, or specship status: what stands between each criterion and DISCHARGED",
            )
    for entry in facts.review.ship_percent if facts.fall else ():
        if entry.before is not None and (entry.after or 0.0) < entry.before:
            yield MergeObjection(
                entry.model,
                f"{entry.model} at {entry.profile} falls from {entry.before:g} % to {entry.after or 0.0:g} %",
                "measure again what became stale, and commit the evidence with the change",
            )  # fmt: skip
