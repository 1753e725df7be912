"""Weakenings that no new amendment names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import MergeFacts, MergeObjection

WEIGHT: Final = 100


def reasons(facts: MergeFacts) -> Iterator[MergeObjection]:
    """What was promised is promised no more, and nobody wrote down that this is meant."""
    for change in facts.weakenings():
        if change.id in facts.review.unnamed:
            yield MergeObjection(
                change.id, change.says,
                f"take it back, or name {change.id} under `changes:` of a new amendment that says why",
                change.head.path if change.head else None, change.head.line if change.head else None,
            )  # fmt: skip
