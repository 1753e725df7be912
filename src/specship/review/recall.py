"""The answer of the last review, recalled while it is asked for again: two commits never change.

It is kept outside of every checkout, where nothing that is reviewed can write. What is recalled is what was
printed, so that neither records nor readers are imported for it. Whoever decides from a review computes it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from specship.evidence.repository import open_repository
from specship.result_cache import ProjectFiles, answers, inputs_digest, recall, remember
from specship.review.ranges import place_of, read_range
from specship.review.trees import CommittedTree


class Printed(NamedTuple):
    """What a review printed, and the status that it ended with."""

    text: str
    status: int


def place() -> Path:
    """The file in which the last answer lies."""
    return answers() / "review.json"


def key_of(start: Path, words: str, *options: str) -> str | None:
    """The key of an answer: both trees, how it is printed, our own code, and the day, by which evidence ages.

    None where one side is not committed.

    Raises:
        UnusableInput: a revision is not here.
    """
    with open_repository(start) as repository:
        asked = read_range(repository, words)
        if not isinstance(asked.head, CommittedTree):
            return None
        sides = (asked.base.name, asked.base_commit, asked.head.name, asked.head_commit or "")
        beside = place_of(repository, start)
        day = datetime.now(UTC).date().isoformat()
        return inputs_digest(ProjectFiles(repository.top, ()), "review", *sides, beside, day, *options)


def recalled(key: str | None) -> Printed | None:
    """The answer under a key; None where it is another one, or none."""
    answer = recall(place(), key)
    if isinstance(answer, list) and [type(part) for part in answer] == [str, int]:
        return Printed(*answer)
    return None


def keep(key: str | None, printed: Printed) -> None:
    """Keep an answer in place of the one before."""
    remember(place(), key, list(printed))
