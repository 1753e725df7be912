"""The curves of a run, whoever wrote its logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from specship.errors import SpecshipError
from specship.exhibits.thinning import thinned
from specship.pipeline.run_logs.facts import Evaluation, Facts, LoggedStep, is_finite
from specship.pipeline.run_logs.opening import read_facts
from specship.pipeline.run_logs.planned_rates import beside_the_plan
from specship.status.exhibits import Points, RunCurve, RunEvent, RunReport

MOST_POINTS: Final = 240
"""Of one curve."""
MOST_EVENTS: Final = 40
_Pair = tuple[float, float]


def run_report(folder: Path, *, model: str, profile: str, path: str, artifact: str = "") -> RunReport:
    """What is drawn of a run; where its records cannot be read, that is said instead."""
    about: dict[str, Any] = {"model": model, "profile": profile, "path": path, "artifact": artifact}
    try:
        facts, notes = read_facts(folder, weights=False)
    except (SpecshipError, OSError) as error:
        return RunReport(**about, notes=(f"its records cannot be read: {error}",))
    events = [RunEvent(step=one.step, name=one.name, text=one.text) for one in facts.events or ()]
    left_out = len(events) - MOST_EVENTS
    return RunReport(
        **about,
        status=facts.status or "",
        reason=facts.reason or facts.stop_reason,
        steps=facts.steps_done or facts.steps_by_log,
        curves=tuple(_curves(facts)),
        events=tuple(events[:MOST_EVENTS]),
        bypasses=facts.bypasses,
        notes=(
            *notes,
            *facts.damage,
            *facts.lost,
            *([f"{left_out} more events are not shown"] if left_out > 0 else []),
        ),
    )


def _curves(facts: Facts) -> Iterator[RunCurve]:
    yield from _curve("training loss", "nats/token", _of(facts.steps, lambda step: step.loss))
    for number, sets in enumerate(facts.evaluation_sets):
        name = sets[0].name
        yield from _held_out(f"held-out loss{f' ({name})' if name or number else ''}", sets)
    yield from _curve("learning rate", "a step", _of(facts.steps, lambda step: step.lr))
    if facts.schedule and facts.schedule.whole:
        rated = beside_the_plan(facts.steps, facts.schedule, facts.kind)
        planned = [(float(step.step), rate) for step, _, rate in rated]
        yield from _curve("learning rate, closed form", "a step", planned)
    yield from _curve("gradient norm", "norm", _of(facts.steps, lambda step: step.grad_norm))
    yield from _curve("speed", "tokens/s", _of(facts.steps, lambda step: step.tokens_per_second))


def _of(steps: Sequence[LoggedStep], value: Callable[[LoggedStep], float | None]) -> list[_Pair]:
    found = ((float(step.step), value(step)) for step in steps)
    return [(step, one) for step, one in found if one is not None and is_finite(one)]


def _curve(name: str, unit: str, points: list[_Pair]) -> Iterator[RunCurve]:
    if points:
        yield RunCurve(name=name, unit=unit, points=_thin(points), of=len(points))


def _thin(points: list[_Pair]) -> Points:
    return thinned(points, MOST_POINTS, lambda point: point[1])


def _held_out(name: str, found: list[Evaluation]) -> Iterator[RunCurve]:
    points = [(float(one.step), one.loss) for one in found]
    errors = [(float(one.step), one.standard_error) for one in found if one.standard_error is not None]
    kept = _thin(points)
    steps = {point[0] for point in kept}
    yield RunCurve(
        name=name, unit="nats/token", points=kept, of=len(points),
        band=tuple(one for one in errors if one[0] in steps and is_finite(one[1])),
    )  # fmt: skip
