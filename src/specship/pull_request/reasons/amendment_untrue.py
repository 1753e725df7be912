"""Amendments that say something else than the change does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import MergeFacts, MergeObjection

WEIGHT: Final = 65


def reasons(facts: MergeFacts) -> Iterator[MergeObjection]:
    """An amendment is what people read instead of the diff."""
    yield from facts.untrue
