"""Changes of what is known of a run that another program made, which several faults need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.pipeline.run_logs.facts import Facts, LoggedStep


def each_step(facts: Facts, change: Callable[[LoggedStep], dict[str, Any]], *, after: float = 0.0) -> Facts:
    """Every record behind a share of the log with some figures changed."""
    first = int(after * len(facts.steps))
    steps = [replace(one, **change(one)) if at >= first else one for at, one in enumerate(facts.steps)]
    return replace(facts, steps=tuple(steps))


def losses(facts: Facts, change: Callable[[float, float], float]) -> Facts:
    """Training and held-out losses changed: `change(loss, part)`, with the part of the run that was done.

    Held-out losses stay a little above those of training, as other text is.
    """
    last = max(1, facts.steps[-1].step)

    def of(one: LoggedStep) -> dict[str, Any]:
        return {} if one.loss is None else {"loss": change(one.loss, one.step / last)}

    held_out = tuple(replace(one, loss=1.03 * change(one.loss, one.step / last)) for one in facts.evaluations)
    return replace(each_step(facts, of), evaluations=held_out)


def first_loss(facts: Facts) -> float:
    """The first training loss."""
    return next((one.loss for one in facts.steps if one.loss is not None), 0.0)


def cut(facts: Facts, share: float) -> Facts:
    """The run as it stood after a share of its records, with its own count of steps."""
    steps = tuple(facts.steps)[: max(1, int(share * len(facts.steps)))]
    last = steps[-1].step
    evaluations = tuple(one for one in facts.evaluations if one.step <= last)
    events = None if facts.events is None else tuple(one for one in facts.events if one.step <= last)
    return replace(
        facts, steps=steps, evaluations=evaluations, events=events, steps_done=last, ended_step=last
    )


def recorded(**figures: Any) -> Callable[[LoggedStep], dict[str, Any]]:
    """Figures for every record that has such a figure."""
    return lambda one: {name: value for name, value in figures.items() if getattr(one, name) is not None}
