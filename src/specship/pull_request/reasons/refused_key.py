"""A key that is trusted with releases and that no release believes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import MergeFacts, MergeObjection

WEIGHT: Final = 91


def reasons(facts: MergeFacts) -> Iterator[MergeObjection]:
    """Whoever added a key to the list of machines has it, and nobody there answers for releases."""
    for told in facts.refused_keys:
        first = told.splitlines()[0]
        yield MergeObjection(
            "trusted_keys", first, "trust a key that no checkout holds: specship evidence keygen FILE",
            facts.inside("pyproject.toml"), 1,
        )  # fmt: skip
