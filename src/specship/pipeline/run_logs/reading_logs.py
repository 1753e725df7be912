"""The logs of a run of ours: read as far as they go, with what of them is lost in words.

A loss of records is no finding: it can come from the disk or from a copy. But where records are lost,
nobody can call the run healthy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, pairwise
from pathlib import Path
from typing import Any, Final

from specship.errors import DamagedArtifact, Place
from specship.pipeline.run_logs.facts import Evaluation, Event, Line, LoggedStep
from specship.strict_json import parse, raw_lines

TRAIN: Final = "train.jsonl"
EVALUATIONS: Final = "evaluations.jsonl"
EVENTS: Final = "events.jsonl"
_FIGURES: Final = {
    "loss": "train_loss",
    "grad_norm": "grad_norm",
    "clipped_norm": "grad_norm_after_clip",
    "lr": "lr",
    "tokens_per_second": "tokens_per_second",
    "tokens_seen": "tokens_seen",
}
"""Figures that every record of a step holds, with their names in the log."""
_ANNOUNCED: Final = {
    "aborted": "aborted",
    "stopped_early": "early_stop",
    "data_exhausted": "end_of_data",
    "preempted": "preempted",
}
"""The event that goes with a status."""


def records_of(path: Path, damage: list[str]) -> Iterator[tuple[Line, dict[str, Any]]]:
    """Records of a log up to the first line that cannot be read; what stands behind it is lost."""
    if not path.is_file():
        damage.append(f"{path.name} is missing")
        return
    try:
        for number, (_, data) in enumerate(raw_lines(path), start=1):
            if not data.endswith(b"\n"):
                damage.append(f"{path.name}:{number} was cut while it was written")
                return
            record = parse(data[:-1], Place(path.name, line=number))
            if isinstance(record, dict):
                yield Line(path.name, number), record
            else:
                damage.append(f"{path.name}:{number} is no record")
    except DamagedArtifact as error:
        line = error.at.line if isinstance(error.at, Place) else None
        place = Line(path.name, line) if line else path.name
        damage.append(f"{place}: {error.message}; what stands behind it was not read")


def lost_steps(steps: Sequence[LoggedStep], done: int | None) -> Iterator[str]:
    """Steps that are not in the log, and figures that some of its records lack; every step has a record."""
    if steps and steps[0].step > 1:
        yield f"{TRAIN} begins at step {steps[0].step}: the steps before it are lost"
    for before, after in pairwise(steps):
        if after.step > before.step + 1:
            yield f"{after.line}: the log goes from step {before.step} to step {after.step}"
    last = steps[-1].step if steps else 0
    if done is not None and last != done:
        yield f"{TRAIN} ends at step {last}, and run.json says that {done} steps were done"
    for figure, name in _FIGURES.items():
        lacking = [step for step in steps if getattr(step, figure) is None]
        if lacking and len(lacking) < len(steps):
            yield f"{lacking[0].line}: {len(lacking)} of {len(steps)} records have no usable `{name}`"


def lost_evaluations(evaluations: Sequence[Evaluation], every: int | None, last: int) -> Iterator[str]:
    """Evaluations that the settings ask for, up to the last step, and that the log does not hold."""
    if not every:
        return
    there = {one.step for one in evaluations if one.step <= last and one.step % every == 0}
    lost = last // every + 1 - len(there)
    if lost > 0:  # the last step may be any number, and is not counted up to
        first = next(step for step in count(0, every) if step not in there)
        yield f"{EVALUATIONS} holds no evaluation of {lost} steps, the first of them {first}"


def lost_events(events: Sequence[Event], status: str | None) -> Iterator[str]:
    """The announcement that goes with the run's status, where it is not there."""
    name = _ANNOUNCED.get(status or "")
    if name and all(event.name != name for event in events):
        yield f"{EVENTS} does not hold the event `{name}` that goes with the status `{status}`"
