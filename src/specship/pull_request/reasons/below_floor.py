"""Numbers below what `--fail-under` demands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import MergeFacts, MergeObjection

WEIGHT: Final = 50


def reasons(facts: MergeFacts) -> Iterator[MergeObjection]:
    """Whoever set a floor wants nothing merged that lies below it."""
    for model in facts.after:
        if facts.floor is not None and model.kind == "release" and model.ship_percent < facts.floor:
            yield MergeObjection(
                model.model,
                f"{model.model} ships {model.ship_percent:g} % at {model.profile}, "
                f"and {facts.floor:g} % are demanded",
                "specship next, or specship status: what stands between each criterion and DISCHARGED",
            )  # fmt: skip
    for entry in facts.review.ship_percent if facts.fall else ():
        if entry.before is not None and (entry.after or 0.0) < entry.before:
            yield MergeObjection(
                entry.model,
                f"{entry.model} at {entry.profile} falls from {entry.before:g} % to {entry.after or 0.0:g} %",
                "measure again what became stale, and commit the evidence with the change",
            )  # fmt: skip
