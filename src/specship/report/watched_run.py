"""A run while it is written: how far it is, its figures as lines that draw, and what is wrong so far."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest

from specship.diagnose.diagnosing import Diagnosis
from specship.pipeline.run_logs.facts import Evaluation, Facts, LoggedStep
from specship.pipeline.run_logs.planned_rates import planned_rate
from specship.report.formatting import bar, duration, sparkline
from specship.report.trace_rows import visible

_LABEL = 18
"""Columns that the names on the left take."""
_FIGURE = 30
"""Columns that a figure takes, so that the lines behind them begin below each other."""
_EVENTS = 4
"""Of the newest events, so many are shown."""


def watched_run(diagnosis: Diagnosis, *, width: int) -> str:
    """One screen of a run as far as it is written; no line is longer than `width`."""
    about = f" ({diagnosis.facts.kind}, {_state(diagnosis.facts)})"
    name = diagnosis.run
    if len(name) + len(about) > width:
        name = "…" + name[-max(width - len(about) - 1, 1) :]
    rows = [name + about]
    for label, text in _rows(diagnosis, max(width - _LABEL - _FIGURE, 8)):
        wrapped = textwrap.wrap(visible(text), max(width - _LABEL, 8), break_on_hyphens=False) or [""]
        rows += [f"{name:<{_LABEL}}{line}" for name, line in zip_longest([label], wrapped, fillvalue="")]
    return "\n".join(visible(row)[:width] for row in rows) + "\n"


def _state(facts: Facts) -> str:
    return facts.status or (
        "ended" if facts.finished else "going on" if facts.finished is False else "as logged"
    )


def _rows(diagnosis: Diagnosis, drawn: int) -> Iterator[tuple[str, str]]:
    facts = diagnosis.facts
    yield "step", _progress(facts)
    yield from _series("loss", facts.steps, lambda step: step.loss, "nats/token", drawn)
    if facts.evaluations:
        yield "held-out loss", _held_out(facts.evaluations, drawn)
    if facts.steps:
        yield "learning rate", _rate(facts, facts.steps[-1])
    yield from _series("gradient norm", facts.steps, lambda step: step.grad_norm, "", drawn)
    yield from _series("tokens/s", facts.steps, lambda step: step.tokens_per_second, "", drawn)
    if facts.device_got:
        asked = f", asked for {facts.device_asked}" if facts.device_asked else ""
        yield "device", f"{facts.device_got}{asked}"
    for event in (facts.events or ())[-_EVENTS:]:
        yield "event", f"{event.name} at step {event.step}{f': {event.text}' if event.text else ''}"
    for finding in diagnosis.findings:
        yield finding.cause.root.value, f"{finding.cause.name}: {finding.observed.says}"
    if not diagnosis.findings:
        yield "found so far", "nothing that speaks against the run"
    for text in (*facts.damage, *facts.lost):
        yield "records", text


def _progress(facts: Facts) -> str:
    step = facts.steps[-1].step if facts.steps else 0
    if not facts.planned_steps:
        return str(step)
    share = min(step / facts.planned_steps, 1.0)
    told = f"{step} of {facts.planned_steps}  {bar(100 * share)} {100 * share:.0f} %"
    speed = facts.steps[-1].tokens_per_second if facts.steps else None
    if not speed or not facts.tokens_per_step or share >= 1.0 or facts.finished:
        return told
    return f"{told}  {duration((facts.planned_steps - step) * facts.tokens_per_step / speed)} left"


def _series(
    name: str, steps: Sequence[LoggedStep], figure: Callable[[LoggedStep], float | None],
    unit: str, drawn: int,
) -> Iterator[tuple[str, str]]:  # fmt: skip
    values = [value for step in steps if (value := figure(step)) is not None]
    if values:
        drawable = [value for value in values if math.isfinite(value)]
        yield name, f"{f'{_short(values[-1])} {unit}':<{_FIGURE}} {sparkline(drawable, width=drawn - 1)}"


def _held_out(evaluations: Sequence[Evaluation], drawn: int) -> str:
    last = evaluations[-1]
    error = f" ± {last.standard_error:.2g}" if last.standard_error is not None else ""
    told = f"{_short(last.loss)}{error} at step {last.step}"
    same = [entry.loss for entry in evaluations if entry.name == last.name and math.isfinite(entry.loss)]
    return f"{told:<{_FIGURE}} {sparkline(same, width=drawn - 1)}"


def _rate(facts: Facts, last: LoggedStep) -> str:
    if last.lr is None:
        return "not recorded"
    if facts.schedule is None or not facts.schedule.whole:
        return _short(last.lr)
    return f"{_short(last.lr)}, by its schedule {_short(planned_rate(facts.schedule, last.step))}"


def _short(value: float) -> str:
    """Four digits, which is what one sees change."""
    return f"{value:,.0f}".replace(",", " ") if 1000 <= abs(value) < 1e9 else f"{value:.4g}"
