"""Evidence that base has and head has not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import MergeFacts, MergeObjection

WEIGHT: Final = 95


def reasons(facts: MergeFacts) -> Iterator[MergeObjection]:
    """The ledger only grows: a failure that is deleted, or last month's ledger, would look like a pass."""
    for path in sorted(facts.base.files.keys() - facts.head.files.keys()):
        if not path.rpartition("/")[0].endswith("/arming"):
            place = facts.base.packs.get(path, path)
            mend = f"restore it: git checkout {facts.review.base_commit[:12]} -- {place}"
            yield MergeObjection(path.rpartition("/")[2], f"{path} is on base and not here", mend)
    for path in sorted(facts.base.files.keys() & facts.head.files.keys()):
        if facts.base.files[path] != facts.head.files[path]:
            mend = f"restore it: git checkout {facts.review.base_commit[:12]} -- {path}"
            yield MergeObjection(
                path.rpartition("/")[2], f"{path} has other bytes than on base", mend, path, 1
            )
