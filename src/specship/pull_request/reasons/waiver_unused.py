"""Waivers on base that excuse nothing any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import MergeFacts, MergeObjection

WEIGHT: Final = 30


def reasons(facts: MergeFacts) -> Iterator[MergeObjection]:
    """An exception that nobody needs is there for the next failure, which nobody has looked at."""
    for waiver in facts.waivers:
        if waiver.state == "unused" and (waiver.gate, waiver.fingerprint) in facts.waived_before:
            yield MergeObjection(
                waiver.gate, f"{waiver.path}: {waiver.gate} does not fail with {waiver.fingerprint}",
                "delete the file", facts.inside(waiver.path), waiver.line,
            )  # fmt: skip
