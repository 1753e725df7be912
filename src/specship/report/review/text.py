"""A review for a terminal: weakenings first, then the rest by weight, the ship-% and the steps at the end."""

from __future__ import annotations

from specship.report.formats import PLAIN, Display
from specship.report.lint.text import seen
from specship.report.review._phrases import LONGEST, count, groups, percent_rows, verdict, waiver_lines
from specship.review.records import MAJOR, Direction, Review

_COLOURS = {
    Direction.WEAKENED: 31, Direction.REMOVED: 31, Direction.INCOMPARABLE: 33, Direction.OTHERWISE: 33,
    Direction.STRENGTHENED: 32, Direction.ADDED: 32, Direction.NEUTRAL: 90,
}  # fmt: skip


def render(review: Review, display: Display = PLAIN) -> str:
    """One screen."""
    lines = [f"{review.base} → {review.head}: {count(review)}"]
    for direction, found in groups(review):
        lines += ["", _painted(direction.upper(), direction, display)]
        shown = found[: LONGEST.get(direction)]
        for line in shown:
            lines.append(f"  {seen(line.says)}")
            lines.append(f"      {seen(line.place)}" + (f"; stale: {seen(line.stale)}" if line.stale else ""))
        if len(found) > len(shown):
            lines.append(f"  and {len(found) - len(shown)} more; --format json has them all")
    if rows := percent_rows(review):
        heads = ("ship-%", "before", "after", "head's evidence under base's criteria")
        width = max(len(row[0]) for row in (heads, *rows))
        lines += [
            "",
            *(f"{row[0]:<{width}}  {row[1]:>7}  {row[2]:>7}  {row[3]:>7}" for row in (heads, *rows)),
        ]
    lines += map(seen, waiver_lines(review))
    colour = Direction.ADDED if review.declared else Direction.WEAKENED
    lines += ["", *(_painted(seen(line), colour, display) for line in verdict(review))]
    return "\n".join(lines) + "\n"


def _painted(text: str, direction: Direction, display: Display) -> str:
    bold = "1;" if direction in MAJOR else ""
    return f"\x1b[{bold}{_COLOURS[direction]}m{text}\x1b[0m" if display.colour else text
