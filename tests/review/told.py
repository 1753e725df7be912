"""All that a review says of each class of change, there and back: `python -m tests.review.told` prints `told.txt`.

Cases say direction, id and kind. This has the rest: words, what stood there, places on both sides, and what goes
stale. After an edit of a case or of a sentence, write the file again and read what became of it:

    python -m tests.review.told > tests/review/told.txt
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from specship.review.records import Change, Review, Spot
from specship.review.reviewing import review
from tests.projects.histories import history
from tests.review.cases import BASE, CASES

TOLD: Final = Path(__file__).with_suffix(".txt")


def of_review(found: Review) -> str:
    """A review, a few lines a change."""
    return "".join(f"{line}\n" for change in found.changes for line in _lines(change)) + "".join(
        f"  unnamed {identity}\n" for identity in found.unnamed
    )


def _lines(change: Change) -> Iterator[str]:
    yield f"  {change.direction} {change.about} {change.kind} {change.id}: {change.says}"
    yield f"    {_place(change.base)} {change.before!r} -> {_place(change.head)} {change.after!r}"
    more = {
        "was": change.was, "quantity": change.quantity, "at": ", ".join(change.profiles),
        "tightens too": change.tightens_too,
        "stales": "; ".join(f"{one.what} {one.gate} {one.model} {one.profile}" for one in change.stales),
    }  # fmt: skip
    if known := [f"{name}: {value}" for name, value in more.items() if value]:
        yield f"    {' | '.join(known)}"


def _place(spot: Spot | None) -> str:
    return f"{spot.path}:{spot.line}" if spot else "-"


def main() -> None:
    """Print it all."""
    with tempfile.TemporaryDirectory() as folder:
        names = {name: name.replace(" ", "-").replace(",", "") for name in CASES}
        top = history(Path(folder), BASE, {names[name]: case.applied() for name, case in CASES.items()})
        for name, branch in names.items():
            there, back = review(top, f"base..{branch}"), review(top, f"{branch}..base")
            sys.stdout.write(f"# {name}\n{of_review(there)}# {name}, back\n{of_review(back)}")


if __name__ == "__main__":
    main()
