"""Histories as one drawing that stands alone, light or dark as its reader is."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from specship.exhibits.trends import Trend
from specship.report.charts.markup import Child, element, line_of, standalone
from specship.report.charts.scale import Axis, wide
from specship.report.formats import PLAIN, Display
from specship.report.page.style import drawing_style
from specship.status.exhibits import QuantityHistory
from specship.units import Quantity

_WIDTH, _ROW, _NAMES = 720.0, 44.0, 300.0
_MOST = 100
"""Rows of one drawing."""


def render(found: Trend, _display: Display = PLAIN) -> str:
    """A row for each quantity: name, line, first and last figure."""
    title = f"{found.spec} {found.version}{f': {found.asked}' if found.asked else ''}"
    shown = [one for one in found.histories if found.asked or len({point.value for point in one.points}) > 1]
    left = len(shown) - _MOST
    rows: list[Child] = [_row(one, 34 + number * _ROW) for number, one in enumerate(shown[:_MOST])]
    height = 40 + max(1, len(shown[:_MOST])) * _ROW + 16
    if not shown:
        rows.append(element("text", "no quantity moved", x=10, y=54, class_="tick"))
    if left > 0:
        rows.append(element("text", f"and {left} more", x=10, y=height - 8, class_="tick"))
    made = element(
        "svg",
        element("title", title),
        element("rect", width=_WIDTH, height=height, style="fill:var(--paper)"),
        element("text", title, x=10, y=22, class_="name"),
        rows,
        viewBox=f"0 0 {_WIDTH:g} {height:g}",
        width=_WIDTH,
        height=height,
        role="img",
        aria_label=title,
        class_="chart",
    )
    return standalone(made, drawing_style())


def _row(history: QuantityHistory, top: float) -> Element:
    values = [point.value for point in history.points]
    across = Axis(0, max(1, len(values) - 1), _NAMES, _WIDTH - 130)
    down = Axis(*wide(values), top + _ROW - 10, top + 8)
    places = [(across.at(number), down.at(value)) for number, value in enumerate(values)]
    said = f"{history.quantity} of {history.gate}: {values[0]:.6g} to {values[-1]:.6g} {history.unit}"
    return element(
        "g",
        element("title", said),
        element("text", history.quantity[:44], x=10, y=top + 20, class_="name"),
        element(
            "text",
            f"{history.gate} · {history.model} {history.profile}"[:52],
            x=10,
            y=top + 34,
            class_="tick",
        ),
        element("path", d=line_of(places), class_="line series-0"),
        [
            element(
                "circle", cx=x, cy=y, r=3, class_="value holds" if point.verdict == "PASS" else "value fails"
            )
            for (x, y), point in zip(places, history.points, strict=True)
            if point.verdict != "PASS" or point is history.points[-1]
        ],
        element(
            "text", str(Quantity(values[-1], history.unit))[:22], x=_WIDTH - 122, y=top + 26, class_="tick"
        ),
    )
