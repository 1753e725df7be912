"""The training log read as a suspicious stranger would: complete, finite, counted, and no placeholder."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final

from specship.errors import NotRecorded
from specship.pipeline.run_logs.facts import OURS, Facts, Line, LoggedStep
from specship.pipeline.run_logs.needs import judged_facts, on_word, unrecorded
from specship.probes.probe import Artifact, Figures, probe

_FIGURES: Final = (
    "loss", "grad_norm", "clipped_norm", "lr", "tokens_per_second", "tokens_seen",
    "device", "device_memory_bytes",
)  # fmt: skip
_POSITIVE: Final = ("tokens_per_second", "tokens_seen", "device_memory_bytes", "lr")
_STRAIGHT: Final = 1e-9
"""Nats a token by which three losses may miss a straight line and still count as written by a ruler."""


@probe(
    "run.log",
    checked="records",
    records="steps",
    missing_fields="fields",
    non_finite_values="values",
    missing_steps="steps",
    repeated_steps="steps",
    placeholder_steps="steps",
    longest_constant_loss="steps",
    straight_share="fraction",
    zero_telemetry="values",
    miscounted_steps="steps",
)
def run_log(run: Artifact) -> Figures:
    """Faults in the log of training, counted.

    A placeholder is a loss of exactly 0, or loss and gradient norm of exactly 1: what a step
    that had no data or swallowed an error once reported. `straight_share` is the share of steps
    whose loss lies on the line through its neighbours, as in a scripted curve. Tokens seen are
    miscounted where they are not the step times the tokens of one step. A record of ours has every figure;
    one of another program misses what other records of its log have. A log of every k-th step misses the
    records that are further apart than that.

    Raises:
        DamagedArtifact: the log is missing or a line is no record.
    """
    facts = judged_facts(run.path)
    records, notes = facts.steps, list[str]()
    asked = [name for name in _FIGURES if facts.kind == OURS or any(_there(one, name) for one in records)]
    gaps = [(one.line, name) for one in records for name in asked if not _there(one, name)]
    notes += [f"{line}: no usable {name}" for line, name in gaps[:5]]
    infinite = [(line, name) for line, name, value in _numbers(records) if not math.isfinite(value)]
    notes += [f"{line}: {name} is not finite" for line, name in infinite[:5]]
    # A schedule may begin and end at 0; those of ours do neither.
    ends = set() if facts.kind == OURS else {records[0].line, records[-1].line}
    steps = [one.step for one in records]
    losses = [one.loss for one in records if one.loss is not None]
    fakes = [one.line for one in records if _placeholder(one)]
    notes += [f"{line}: loss and gradient norm are placeholders" for line in fakes[:5]]
    return {
        "records": len(records),
        "missing_fields": len(gaps),
        "non_finite_values": len(infinite),
        "missing_steps": _missing(facts),
        "repeated_steps": len(steps) - len(set(steps)) + _descents(steps),
        "placeholder_steps": len(fakes),
        "longest_constant_loss": max((len(list(group)) for _, group in groupby(losses)), default=0),
        "straight_share": _straight(losses) / len(losses) if losses else unrecorded(facts, "steps.loss"),
        "zero_telemetry": sum(
            1
            for line, name, value in _numbers(records)
            if name in _POSITIVE and not value > 0 and not (name == "lr" and line in ends)
        ),
        "miscounted_steps": _miscounted(facts),
        "notes": notes + on_word(facts, "tokens_per_step"),
    }


def _there(record: LoggedStep, name: str) -> bool:
    return getattr(record, name) not in {None, ""}


def _numbers(records: Sequence[LoggedStep]) -> Iterator[tuple[Line, str, float]]:
    for one in records:
        for name in _FIGURES:
            if name != "device" and (value := getattr(one, name)) is not None:
                yield one.line, name, value


def _placeholder(record: LoggedStep) -> bool:
    return record.loss == 0.0 or (record.loss == 1.0 and record.grad_norm == 1.0)


def _missing(facts: Facts) -> int:
    """Steps up to the last that have no record and ought to: every k-th of them."""
    there, every = {one.step for one in facts.steps}, facts.log_every
    if every == 1:
        return max(there) - min(1, *there) + 1 - len(there)
    ordered = sorted({0, *there})
    return sum((after - before - 1) // every for before, after in pairwise(ordered))


def _descents(steps: Sequence[int]) -> int:
    """Places where the step goes back."""
    return sum(1 for before, after in pairwise(steps) if after < before)


def _straight(losses: Sequence[float]) -> int:
    return sum(
        1
        for before, here, after in zip(losses, losses[1:], losses[2:], strict=False)
        if abs(before - 2 * here + after) <= _STRAIGHT
    )


def _miscounted(facts: Facts) -> int | NotRecorded:
    """Records whose tokens seen are not those of that many steps.

    What another program's record says of a step's tokens follows from the same count, and shows nothing.
    """
    counted = [one for one in facts.steps if facts.kind == OURS or one.tokens_seen is not None]
    per_step = facts.tokens_per_step if facts.kind == OURS or "tokens_per_step" in facts.told else None
    if not counted or per_step is None:
        return unrecorded(facts, "steps.tokens_seen" if not counted else "tokens_per_step")
    late = facts.steps_by_log - facts.steps[-1].step
    return sum(1 for one in counted if one.tokens_seen != (one.step + late) * per_step)
