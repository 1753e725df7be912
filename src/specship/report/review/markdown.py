"""A review as Markdown: for the description of a pull request, or a comment on it."""

from __future__ import annotations

import html
from collections.abc import Iterable

from specship.report.formats import PLAIN, Display
from specship.report.lint.text import seen
from specship.report.review._phrases import LONGEST, count, groups, percent_rows, verdict, waiver_lines
from specship.review.records import Review

_SPECIAL = "\\`*_[]|~#"


def render(review: Review, _display: Display = PLAIN) -> str:
    """A table a direction, the ship-%, and what is demanded."""
    lines = [f"## {_plain(review.base)} → {_plain(review.head)}: {count(review)}", ""]
    lines += [f"**{_plain(line)}**  " for line in verdict(review)]
    for direction, found in groups(review):
        lines += [
            "",
            f"### {direction.capitalize()}",
            "",
            "| change | where | stale |",
            "| --- | --- | --- |",
        ]
        shown = found[: LONGEST.get(direction)]
        lines += [_row((line.says, line.place, line.stale or "-")) for line in shown]
        if len(found) > len(shown):
            lines += ["", f"and {len(found) - len(shown)} more"]
    if rows := percent_rows(review):
        heads = ("ship-%", "before", "after", "head's evidence under base's criteria")
        lines += ["", _row(heads), "| --- | ---: | ---: | ---: |", *(_row(row) for row in rows)]
    if waivers := waiver_lines(review):
        lines += ["", *(f"- {_plain(line)}" for line in waivers)]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(_plain(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    """Text that is neither markup, nor HTML, nor the end of its cell."""
    return html.escape("".join(f"\\{sign}" if sign in _SPECIAL else sign for sign in seen(text)), quote=False)
