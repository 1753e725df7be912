"""A version that moves less than the changes demand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import MergeFacts, MergeObjection
from specship.review.records import BUMPS

WEIGHT: Final = 70


def reasons(facts: MergeFacts) -> Iterator[MergeObjection]:
    """Whoever relies on the spec sees from its version that something else is promised from now on."""
    found = facts.review
    if BUMPS.index(found.declared_bump) < BUMPS.index(found.required_bump):
        yield MergeObjection(
            "version",
            f"the changes demand a {found.required_bump} step of the version, and amendments declare "
            f"{found.declared_bump if found.declared_bump != 'none' else 'no step'}",
            f"write an amendment with `bump: {found.required_bump}`",
        )  # fmt: skip
