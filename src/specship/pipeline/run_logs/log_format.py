"""A format of logs that a diagnosis reads beside a run of ours and a Trainer's state: one file each."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from specship.discovery import Folder, one_each
from specship.pipeline.run_logs.evaluation_names import evaluations_of
from specship.pipeline.run_logs.facts import Evaluation, Facts, Line, LoggedStep
from specship.pipeline.run_logs.json_values import count, number

FORMATS: Final = Folder("specship.pipeline.run_logs.formats")
MOST_DAMAGE: Final = 100
"""Places of a log that could not be read, which are said one by one; behind them it is given up."""
Record = tuple[Line, Mapping[str, Any]]
"""What a log says of one step, under the names that it has there, and where that stands."""
_LOSS: Final = ("train_loss", "train/loss", "loss", "train_loss_step", "train/loss_step", "training_loss")
_RATE: Final = ("learning_rate", "train/learning_rate", "lr", "train/lr")
_RATE_OF_AN_OPTIMIZER: Final = "lr-"
"""Lightning's LearningRateMonitor writes `lr-AdamW`."""
_NORM: Final = ("grad_norm", "train/grad_norm", "grad_2.0_norm_total", "grad_norm_step")
_EPOCH: Final = ("epoch", "train/epoch")
"""Passes, or the number of the pass from 0, which is the least that they can be."""
_SEEN: Final = ("num_input_tokens_seen", "train/num_input_tokens_seen")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFormat:
    """How files of a format are found and read."""

    kind: str
    """What such a run is called: `Lightning log`."""
    files: tuple[str, ...]
    """Patterns of its files' names below a run's folder; the newest by name is read."""
    read: Callable[[Path], tuple[Facts, list[str]]]
    """Facts of one file, and notes."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Where each need of a cause would stand; what is not named has no place in it."""


@functools.cache
def all_formats() -> Mapping[str, LogFormat]:
    """Every format by the kind of run."""
    return one_each("formats of logs", FORMATS.members("FORMAT"), lambda form: form.kind)


def log_in(path: Path) -> tuple[LogFormat, Path] | None:
    """The format of a file, or of the newest file of a folder, that is a log of another program."""
    for form in all_formats().values():
        if path.is_file():
            found = [path for pattern in form.files if path.match(pattern.rpartition("/")[2])]
        else:
            found = sorted((one for pattern in form.files for one in path.glob(pattern)), key=_age)
        if found:
            return form, found[-1]
    return None


def _age(path: Path) -> tuple[int, str]:
    """Order of `version_2` before `version_10`."""
    digits = "".join(letter for letter in path.parent.name if letter.isdecimal())[:9]
    return int(digits or 0), path.name


def facts_of(kind: str, records: Sequence[Record], damage: Iterable[str]) -> Facts:
    """Facts of a log that holds steps and evaluations, and nothing of how the run was to be."""
    steps = tuple(_steps(records))
    between = [after.step - before.step for before, after in pairwise(steps) if after.step > before.step]
    return Facts(
        kind=kind,
        steps=steps,
        evaluations=tuple(_evaluations(records)),
        epochs=max((found for _, one in records if (found := _first(one, _EPOCH)) is not None), default=None),
        log_every=statistics.median_low(between) if between else 1,
        damage=tuple(damage),
    )


def _steps(records: Iterable[Record]) -> Iterator[LoggedStep]:
    for line, record in records:
        step, loss = count(record.get("step")), _first(record, _LOSS)
        if step is not None and loss is not None:
            yield LoggedStep(
                line=line,
                step=step,
                loss=loss,
                grad_norm=_first(record, _NORM),
                lr=_rate(record),
                tokens_seen=count(_first(record, _SEEN)) or None,
            )


def _evaluations(records: Iterable[Record]) -> Iterator[Evaluation]:
    for line, record in records:
        if (step := count(record.get("step"))) is not None:
            yield from evaluations_of(line, step, record)


def _first(record: Mapping[str, Any], names: Iterable[str]) -> float | None:
    return next((found for name in names if (found := number(record.get(name))) is not None), None)


def _rate(record: Mapping[str, Any]) -> float | None:
    named = (name for name in record if name.startswith(_RATE_OF_AN_OPTIMIZER))
    return _first(record, (*_RATE, *named))
