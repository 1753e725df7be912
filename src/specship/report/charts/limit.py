"""A measured value beside its limit: which side is good, and how near it is."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from specship.report.charts.markup import Child, drawing, element
from specship.report.charts.scale import Axis
from specship.status.report import Measured
from specship.units import Quantity, show

_WIDTH, _HEIGHT = 170.0, 24.0
_MIDDLE = 12.0


def drawn_limit(one: Measured) -> Element | None:
    """The drawing; None where the limit is no range of numbers, or nothing was measured."""
    value = one.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        return None
    if one.least == one.most:
        return None
    axis = _axis(one, float(value))
    good_from = axis.begin if one.least is None else axis.at(one.least)
    good_to = axis.end if one.most is None else axis.at(one.most)
    marks: list[Child] = [
        element(
            "rect", x=axis.begin, y=_MIDDLE - 4, width=axis.end - axis.begin, height=8, rx=2, class_="bad"
        ),
        element(
            "rect", x=good_from, y=_MIDDLE - 4, width=max(1.0, good_to - good_from), height=8, class_="good"
        ),
    ]
    marks += [
        element("line", x1=axis.at(end), x2=axis.at(end), y1=_MIDDLE - 9, y2=_MIDDLE + 9, class_="edge")
        for end in (one.least, one.most) if end is not None
    ]  # fmt: skip
    if one.interval_low is not None and one.interval_high is not None:
        low, high = axis.at(one.interval_low), axis.at(one.interval_high)
        marks.append(element("line", x1=low, x2=high, y1=_MIDDLE, y2=_MIDDLE, class_="whisker"))
    place = axis.at(float(value))
    inside = "holds" if one.holds else "fails"
    marks.append(
        element("circle", cx=place, cy=_MIDDLE, r=5, class_=f"value {inside}")
        if one.holds
        else element("path", d=f"M{place:.1f},5l6,7l-6,7l-6,-7z", class_=f"value {inside}")
    )
    label = f"{one.quantity} {Quantity(value, one.unit)}, limit {one.limit}: {margin(one)}"
    return drawing(_WIDTH, _HEIGHT, label, *marks, class_="limit")


def _axis(one: Measured, value: float) -> Axis:
    """Value and limits with room on both sides, and 0 where a limit counts from there."""
    ends = [end for end in (one.least, one.most, one.interval_low, one.interval_high) if end is not None]
    low, high = min([value, *ends]), max([value, *ends])
    room = 0.35 * (high - low) or abs(value) * 0.5 or 1.0
    floor = low - room
    if low >= 0 and floor < 0:
        floor = 0.0 if low > 0 else -0.08 * (high + room)
    ceiling = high + room
    if one.unit == "fraction":
        ceiling = min(ceiling, 1.06)
    return Axis(floor, ceiling, 6.0, _WIDTH - 6.0)


def margin(one: Measured) -> str:
    """How far a value is from its nearest limit, in words: `0.19 nats/token inside (4.6 % of the limit)`."""
    value = one.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "holds" if one.holds else "does not hold"
    if one.least is not None and one.least == one.most:
        apart = abs(value - one.least)
        return "equal" if not apart else f"{_figure(apart, one.unit)} off"
    ends = [end for end in (one.least, one.most) if end is not None]
    if not ends:
        return "holds" if one.holds else "does not hold"
    nearest = min(ends, key=lambda end: abs(value - end))
    apart = abs(value - nearest)
    share = f" ({100 * apart / abs(nearest):.3g} %)" if nearest and apart < 10 * abs(nearest) else ""
    if not apart:
        return "on the limit"
    outside = (one.least is not None and value < one.least) or (one.most is not None and value > one.most)
    return f"{_figure(apart, one.unit)} {'outside' if outside else 'inside'}{share}"


def _figure(apart: float, unit: str) -> str:
    shown = show(apart) if isinstance(apart, int) else f"{apart:.3g}"
    return shown if unit in {"text", "fraction", "ratio", "difference"} else f"{shown} {unit}"
