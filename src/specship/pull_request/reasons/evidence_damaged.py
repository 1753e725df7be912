"""A ledger that is not whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import MergeFacts, MergeObjection

WEIGHT: Final = 94


def reasons(facts: MergeFacts) -> Iterator[MergeObjection]:
    """Nothing counts while a statement is missing or damaged, since it may be the one that failed."""
    for problem in facts.head.problems:
        first = problem.splitlines()[0]
        yield MergeObjection(
            "ledger", first, "restore the files from git, or measure again into a new ledger"
        )
