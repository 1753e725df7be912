"""A history in one line: small enough to stand in a row."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from specship.report.charts.markup import Child, drawing, element, line_of
from specship.report.charts.scale import Axis, wide
from specship.status.exhibits import MeasuredPoint
from specship.status.report import Measured

_WIDTH, _HEIGHT = 120.0, 28.0


def drawn_history(points: Sequence[MeasuredPoint], of: int, limit: Measured | None, name: str) -> Element:
    """What a quantity was, one place a measurement; its limit of today as a line where that lies near."""
    values = [point.value for point in points]
    low, high = wide(values)
    ends = [end for end in (limit.least, limit.most) if end is not None] if limit else []
    near = [end for end in ends if low - (high - low) <= end <= high + (high - low)]
    low, high = wide([*values, *near])
    across = Axis(0, max(1, len(points) - 1), 5, _WIDTH - 5)
    down = Axis(low, high, _HEIGHT - 5, 5)
    parts: list[Child] = [
        element("line", x1=2, x2=_WIDTH - 2, y1=down.at(end), y2=down.at(end), class_="edge") for end in near
    ]
    places = [(across.at(number), down.at(value)) for number, value in enumerate(values)]
    parts.append(element("path", d=line_of(places), class_="line series-0"))
    parts += [
        element(
            "circle", cx=x, cy=y, r=2.5, class_=f"value {'holds' if point.verdict == 'PASS' else 'fails'}"
        )
        for (x, y), point in zip(places, points, strict=True)
        if point.verdict != "PASS" or point is points[-1]
    ]
    label = f"{name}: {of} measurements, from {values[0]:.6g} to {values[-1]:.6g}"
    return drawing(_WIDTH, _HEIGHT, label, *parts, class_="spark")
