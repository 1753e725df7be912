"""Lengths beside each other: how long stages took, how far blocks of a decoder are apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element

from specship.report.charts.markup import Child, drawing, element
from specship.report.charts.scale import Axis

_WIDTH, _ROW, _NAMES = 420.0, 18.0, 150.0
_MOST = 60


class Bar(NamedTuple):
    """One of them."""

    name: str
    value: float
    shown: str
    limit: float | None = None
    bad: bool = False


def drawn_bars(label: str, bars: Sequence[Bar], *, logarithmic: bool = False) -> Element:
    """The bars one below the other, each with its name and its figure."""
    shown = bars[:_MOST]

    def size(value: float) -> float:
        return math.log10(max(value, smallest) / smallest) if logarithmic else value

    found = [value for bar in shown for value in (bar.value, bar.limit or 0.0) if value > 0]
    smallest = min(found, default=1.0) / 2
    axis = Axis(0.0, max((size(value) for value in found), default=1.0), _NAMES, _WIDTH - 70)
    parts: list[Child] = []
    for number, bar in enumerate(shown):
        y = number * _ROW
        end = axis.at(size(bar.value)) if bar.value > 0 else axis.begin
        kind = "bar fails" if bar.bad else "bar"
        parts += [
            element("text", bar.name[:24], x=_NAMES - 6, y=y + 13, class_="tick end"),
            element(
                "rect", x=axis.begin, y=y + 3, width=max(1.0, end - axis.begin), height=_ROW - 6, class_=kind
            ),
            element("text", bar.shown, x=end + 5, y=y + 13, class_="tick"),
        ]
        if bar.limit:
            x = axis.at(size(bar.limit))
            parts.append(element("line", x1=x, x2=x, y1=y + 1, y2=y + _ROW - 1, class_="edge"))
    return drawing(_WIDTH, max(1, len(shown)) * _ROW, label, *parts, class_="bars")
