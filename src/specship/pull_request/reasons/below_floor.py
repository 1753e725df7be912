"""Numbers below what `--fail-under` demands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import MergeFacts, MergeObjection

WEIGHT: Final = 50


def reasons(facts: MergeFacts) -> Iterator[MergeObjection]:
    """Whoever set a floor wants nothing merged that lies below it."""
    releases = [
        (entry, entry.after)
        for entry in facts.review.ship_percent
        if entry.profile in facts.releases and entry.after is not None
    ]
    if facts.floor and not releases:
        yield MergeObjection(
            "release", f"no model has a release, and {facts.floor:g} % of one are demanded",
            "write a profile with `kind: release`, or ask without --fail-under",
        )  # fmt: skip
    for entry, percent in releases:
        if facts.floor is not None and percent < facts.floor:
            yield MergeObjection(
                entry.model,
                f"{entry.model} ships {percent:g} % at {entry.profile}, and {facts.floor:g} % are demanded",
                "specship next, or specship status: what stands between each criterion and DISCHARGED",
            )
    for entry in facts.review.ship_percent if facts.fall else ():
        if entry.before is not None and (entry.after or 0.0) < entry.before:
            yield MergeObjection(
                entry.model,
                f"{entry.model} at {entry.profile} falls from {entry.before:g} % to {entry.after or 0.0:g} %",
                "measure again what became stale, and commit the evidence with the change",
            )  # fmt: skip
