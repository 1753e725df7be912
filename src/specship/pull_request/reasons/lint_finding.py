"""What lint finds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import MergeFacts, MergeObjection

WEIGHT: Final = 40


def reasons(facts: MergeFacts) -> Iterator[MergeObjection]:
    """What a rule finds on a branch is found by everybody once it is merged."""
    for finding in facts.lint:
        yield MergeObjection(
            finding.code, f"{finding.code} {finding.name}: {finding.message}", finding.mend,
            facts.inside(finding.path), finding.line,
        )  # fmt: skip
