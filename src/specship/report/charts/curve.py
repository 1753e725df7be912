"""Curves over steps, with a band of their standard error and what happened on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from specship.report.charts.markup import Child, drawing, element, line_of
from specship.report.charts.scale import Axis, round_numbers, wide
from specship.status.exhibits import RunCurve, RunEvent

_WIDTH, _HEIGHT = 420.0, 194.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 48.0, 410.0, 14.0, 164.0
_FEW = 12
"""Points from which on they are not marked one by one."""


def drawn_curves(
    title: str, unit: str, curves: Sequence[RunCurve], events: Sequence[RunEvent] = (), *, over: str = "steps"
) -> Element:
    """Some series over the same steps; the first is drawn in front."""
    values = [value for curve in curves for _, value in curve.points]
    values += [
        value + side * error for curve in curves for value, error in _banded(curve) for side in (-1, 1)
    ]
    steps = [step for curve in curves for step, _ in curve.points]
    low, high = wide(values)
    across = Axis(*wide(steps), _LEFT, _RIGHT)
    down = Axis(min(low, 0.0) if low > 0 and low < 0.35 * high else low, high, _BOTTOM, _TOP)
    parts: list[Child] = [*_grid(across, down, f"{unit} over {over}"), *_events(events, across)]
    for number, curve in reversed(list(enumerate(curves))):
        parts += _series(curve, number, across, down)
    first, last = min(steps), max(steps)
    label = f"{title} over {over} {first:g} to {last:g}: " + "; ".join(
        f"{curve.name} from {curve.points[0][1]:.4g} to {curve.points[-1][1]:.4g} {unit}" for curve in curves
    )
    return drawing(_WIDTH, _HEIGHT, label, *parts, class_="curves")


def _banded(curve: RunCurve) -> Iterator[tuple[float, float]]:
    values = {point[0]: point[1] for point in curve.points}
    yield from ((values[step], error) for step, error in curve.band if step in values)


def _series(curve: RunCurve, number: int, across: Axis, down: Axis) -> Iterator[Element]:
    values = {point[0]: point[1] for point in curve.points}
    band = [(step, values[step], error) for step, error in curve.band if step in values]
    if len(band) > 1:
        over = [(across.at(step), down.at(value + error)) for step, value, error in band]
        under = [(across.at(step), down.at(value - error)) for step, value, error in reversed(band)]
        yield element("path", d=line_of([*over, *under]) + "Z", class_=f"band series-{number}")
    places = [(across.at(step), down.at(value)) for step, value in curve.points]
    yield element(
        "path",
        d=line_of(places),
        class_=f"line {'plan' if 'closed form' in curve.name else f'series-{number}'}",
    )
    if len(places) <= _FEW:
        yield from (element("circle", cx=x, cy=y, r=3, class_=f"dot series-{number}") for x, y in places)


def _grid(across: Axis, down: Axis, words: str) -> Iterator[Element]:
    for value in round_numbers(down.low, down.high):
        y = down.at(value)
        yield element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="grid")
        yield element("text", _short(value), x=_LEFT - 5, y=y + 3.5, class_="tick end")
    for step in round_numbers(across.low, across.high, 5):
        yield element("text", _short(step), x=across.at(step), y=_BOTTOM + 14, class_="tick middle")
    yield element("text", words, x=_LEFT, y=_HEIGHT - 4, class_="tick")


def _events(events: Sequence[RunEvent], across: Axis) -> Iterator[Element]:
    for event in events:
        if across.low <= event.step <= across.high:
            x = across.at(event.step)
            said = f"{event.name} at step {event.step}"
            yield element("line", element("title", said), x1=x, x2=x, y1=_TOP, y2=_BOTTOM, class_="event")
            yield element("text", event.name[:12], x=x + 3, y=_TOP + 8, class_="tick event-name")


def _short(value: float) -> str:
    if value and (abs(value) >= 1e5 or abs(value) < 1e-3):
        exponent = math.floor(math.log10(abs(value)))
        return f"{value / 10**exponent:g}e{exponent}"
    return f"{value:.6g}"
