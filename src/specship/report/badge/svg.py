"""A badge as a drawing that needs no service."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import tostring

from specship.report.badge._words import badge_words
from specship.report.charts.markup import drawing, element
from specship.report.formats import PLAIN, Display
from specship.status.report import Report

_COLOURS: Final = {
    "brightgreen": "#0f6e3a", "orange": "#9a4a00", "red": "#b3201f", "blue": "#0b57c2",
    "lightgrey": "#545b68",
}  # fmt: skip
"""White text has a contrast of 4.5 to 1 or more on each."""
_LETTER: Final = 6.8
"""Width of a letter; a longer text is drawn closer."""
_MOST: Final = 48


def render(report: Report, _display: Display = PLAIN) -> str:
    """Two halves, each as wide as its words."""
    words = badge_words(report)
    label, message = words.label[:_MOST], words.message[:_MOST]
    left, right = (10 + _LETTER * len(text) for text in (label, message))
    made = drawing(
        left + right,
        20,
        f"{words.label}: {words.message}",
        element("rect", width=left, height=20, fill="#33383f"),
        element("rect", x=left, width=right, height=20, fill=_COLOURS[words.colour]),
        element(
            "g",
            element("text", label, x=5, y=14, textLength=left - 10),
            element("text", message, x=left + 5, y=14, textLength=right - 10),
            fill="#ffffff",
            font_family="Verdana,DejaVu Sans,sans-serif",
            font_size=11,
        ),
    )
    made.set("xmlns", "http://www.w3.org/2000/svg")
    made.set("width", f"{left + right:g}")
    made.set("height", "20")
    return tostring(made, encoding="unicode", method="xml") + "\n"
