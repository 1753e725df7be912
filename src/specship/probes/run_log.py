"""The training log read as a suspicious stranger would: complete, finite, counted, and no placeholder."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Any, Final

from specship.errors import DamagedArtifact
from specship.pipeline.training.run_reading import STEP_FIELDS, read_log, read_run
from specship.probes.probe import Artifact, Figures, probe

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
    """Faults in `train.jsonl`, counted.

    A placeholder is a loss of exactly 0, or loss and gradient norm of exactly 1: what a step
    that had no data or swallowed an error once reported. `straight_share` is the share of steps
    whose loss lies on the line through its neighbours, as in a scripted curve. Tokens seen are
    miscounted where they are not the step times the tokens of one step.

    Raises:
        DamagedArtifact: the log is missing or a line is no JSON object.
    """
    records = read_log(run.path / "train.jsonl")
    per_step = read_run(run.path).tokens_per_step
    notes: list[str] = []
    gaps = [(n, name) for n, record in enumerate(records, 1) for name in STEP_FIELDS if _gone(record, name)]
    notes += [f"line {line}: no usable {name}" for line, name in gaps[:5]]
    numbers = [(n, name, value) for n, record in enumerate(records, 1) for name, value in _numbers(record)]
    infinite = [(line, name) for line, name, value in numbers if not math.isfinite(value)]
    notes += [f"line {line}: {name} is not finite" for line, name in infinite[:5]]
    steps = [record["step"] for record in records if isinstance(record.get("step"), int)]
    losses = [value for _, name, value in numbers if name == "train_loss"]
    fakes = [n for n, record in enumerate(records, 1) if _placeholder(record)]
    notes += [f"line {line}: loss and gradient norm are placeholders" for line in fakes[:5]]
    return {
        "records": len(records),
        "missing_fields": len(gaps),
        "non_finite_values": len(infinite),
        "missing_steps": len(set(range(1, max(steps, default=0) + 1)) - set(steps)),
        "repeated_steps": len(steps) - len(set(steps)) + _descents(steps),
        "placeholder_steps": len(fakes),
        "longest_constant_loss": max((len(list(group)) for _, group in groupby(losses)), default=0),
        "straight_share": _straight(losses) / len(losses) if losses else None,
        "zero_telemetry": sum(1 for _, name, value in numbers if name in _POSITIVE and not value > 0),
        "miscounted_steps": sum(
            1 for record in records if record.get("tokens_seen") != _times(record.get("step"), per_step)
        ),
        "notes": notes,
    }


def _gone(record: dict[str, Any], name: str) -> bool:
    value = record.get(name)
    if name == "device":
        return not (isinstance(value, str) and value)
    return isinstance(value, bool) or not isinstance(value, int | float)


def _numbers(record: dict[str, Any]) -> list[tuple[str, float]]:
    return [(name, record[name]) for name in STEP_FIELDS if name != "device" and not _gone(record, name)]


def _placeholder(record: dict[str, Any]) -> bool:
    loss, norm = record.get("train_loss"), record.get("grad_norm")
    return loss == 0.0 or (loss == 1.0 and norm == 1.0)


def _descents(steps: Sequence[int]) -> int:
    """Places where the step goes back."""
    return sum(1 for before, after in pairwise(steps) if after < before)


def _straight(losses: Sequence[float]) -> int:
    return sum(
        1
        for before, here, after in zip(losses, losses[1:], losses[2:], strict=False)
        if abs(before - 2 * here + after) <= _STRAIGHT
    )


def _times(step: Any, per_step: int) -> int:
    if not isinstance(step, int):
        raise DamagedArtifact(f"a record's step is {step!r}, not a whole number")
    return step * per_step
