"""New evidence that no key of base signed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import MergeFacts, MergeObjection

WEIGHT: Final = 93


def reasons(facts: MergeFacts) -> Iterator[MergeObjection]:
    """Whom to trust is base's to say: a key that is added here counts from the next change on."""
    for path, about in sorted(facts.head.unsigned.items()):
        yield MergeObjection(
            path.rpartition("/")[2], about,
            "sign it with a key that base trusts, or merge that key in a change of its own first", path, 1,
        )  # fmt: skip
