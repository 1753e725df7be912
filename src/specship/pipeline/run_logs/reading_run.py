"""Facts from a run folder of ours; a log that is cut or doctored is read as far as it goes, and noted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from specship.bounds import JSON_REPORT_BYTES
from specship.errors import DamagedArtifact, Place
from specship.pipeline.run_logs.facts import OURS, Evaluation, Event, Facts, Line, LoggedStep, Schedule
from specship.pipeline.run_logs.json_values import count, number
from specship.pipeline.run_logs.reading_logs import (
    EVALUATIONS,
    EVENTS,
    TRAIN,
    lost_evaluations,
    lost_events,
    lost_steps,
    records_of,
)
from specship.pipeline.run_logs.reading_weights import compared_weights
from specship.pipeline.run_logs.record_lines import key_lines
from specship.strict_json import parse, read_bytes

T = TypeVar("T")
RUN: Final = "run.json"
_SCRATCH_PEAK: Final = "peak_learning_rate"
_GOES_ON: Final = {"running", "preempted"}
_AS_PLANNED: Final = "completed"
_ABOVE_ZERO: Final = (
    "planned_steps",
    "parameters",
    "vocabulary",
    "unique_train_tokens",
    "tokens_per_step",
    "windows_per_pass",
    "flops_per_token",
    "matmul_flops_per_second",
    "declared_parameters",
)
"""Keys of the summary that mean nothing at zero."""


def read_run_facts(folder: Path, *, weights: bool = True) -> tuple[Facts, list[str]]:
    """What the folder's records hold, and notes on what of them could not be read.

    `weights` has the first and the last checkpoint compared, which reads all of their bytes.

    Raises:
        DamagedArtifact: `run.json` is there and cannot be read.
    """
    data = read_bytes(folder / RUN, JSON_REPORT_BYTES)
    record = parse(data, Place(str(folder / RUN)))
    if not isinstance(record, dict):
        raise DamagedArtifact("not a JSON object", at=folder / RUN, mend="name a run's folder")
    lines = key_lines(RUN, data.decode("utf-8"))
    damage, notes = list(_unusable(record, lines)), list[str]()
    training = _mapping(_mapping(record, "config"), "training")
    lost = list[str]()
    steps = _series(folder / TRAIN, _step, damage)
    evaluations = _series(folder / EVALUATIONS, _evaluation, damage)
    events = _series(folder / EVENTS, _event, damage)
    ending = _ending(record, lines)
    if steps:
        lost += lost_steps(steps, ending["ended_step"])
    if evaluations:
        every = _count(training, "evaluate_every")
        lost += lost_evaluations(evaluations, every, steps[-1].step if steps else 0)
    if (folder / EVENTS).is_file():
        lost += lost_events(events, _text(record, "status"))
    tensors, unmoved = compared_weights(folder, notes) if weights else (None, None)
    facts = Facts(
        kind=OURS,
        steps=steps,
        evaluations=evaluations,
        events=events if (folder / EVENTS).is_file() else None,
        tensors=tensors,
        unmoved_tensors=unmoved,
        damage=tuple(damage),
        lost=tuple(lost),
        **_summary(record),
        **ending,
    )
    return replace(facts, **_settings(training)), damage + lost + notes


def _unusable(record: dict[str, Any], lines: dict[str, Line]) -> Iterator[str]:
    for key in _ABOVE_ZERO:
        value = record.get(key)
        if value is not None and not ((_number(record, key) or 0.0) > 0):
            yield f"{lines.get(key, Line(RUN, 1))}: `{key}` is {value!r:.40}, and no number above 0"


def _series(path: Path, make: Callable[[Line, dict[str, Any]], T | None], damage: list[str]) -> tuple[T, ...]:
    """Records of a log as facts; one that lacks what makes it a record is damage."""
    found = []
    for line, record in records_of(path, damage):
        one = make(line, record)
        if one is None:
            damage.append(f"{line} lacks what makes it a record")
        else:
            found.append(one)
    return tuple(found)


def _summary(record: dict[str, Any]) -> dict[str, Any]:
    """What `run.json` says of the model, the data and the machine."""
    windows = _positive(record, "windows_per_pass")
    length = _positive(_mapping(_mapping(record, "config"), "training"), "sequence_length")
    return {
        "status": _text(record, "status"),
        "reason": _text(record, "reason") or "",
        "planned_steps": _positive(record, "planned_steps"),
        "parameters": _positive(record, "parameters"),
        "vocabulary": _positive(record, "vocabulary"),
        "unique_tokens": _positive(record, "unique_train_tokens"),
        "tokens_per_step": _positive(record, "tokens_per_step"),
        "sequence_length": length,
        "tokens_per_pass": windows * length if windows and length else None,
        "device_asked": _text(record, "device_asked"),
        "device_got": _text(record, "device_got"),
        "device_name": _text(record, "device_name"),
        "flops_per_token": _number(record, "flops_per_token") or None,
        "device_flops": _number(record, "matmul_flops_per_second") or None,
        "wall_seconds": _number(record, "wall_seconds"),
        "initialised": record.get("initialisation") is not None,
        "declared_parameters": _positive(record, "declared_parameters"),
    }


def _settings(training: dict[str, Any]) -> dict[str, Any]:
    """What the settings say that a cause asks for."""
    return {
        "schedule": _schedule(training),
        "mode": _text(training, "mode"),
        "clip_norm": _number(training, "clip_norm") or None,
        "min_improvement": _number(training, "min_improvement"),
        "patience": _count(training, "patience"),
    }


def _ending(record: dict[str, Any], lines: dict[str, Line]) -> dict[str, Any]:
    """How the run ended, what it began from and what was relaxed, by its summary."""
    status, done = _text(record, "status"), _count(record, "steps_done")
    begun = _mapping(record, "initialisation")
    return {
        "record_line": lines.get("status", Line(RUN, 1)),
        "record_lines": lines,
        "ended_step": None if status in _GOES_ON else done,
        "steps_done": done,
        "finished": None if status is None else status not in _GOES_ON,
        "stop_reason": "" if status in {_AS_PLANNED, None} else _text(record, "reason") or "",
        "checkpointed_step": done if "wall_seconds" in record else None,
        "initialisation_difference": _number(begun, "difference"),
        "initialisation_tolerance": _number(begun, "tolerance"),
        "initialisation_improvement": _number(begun, "improvement"),
        "bypasses": tuple(_bypasses(record.get("bypasses"))),
    }


def _bypasses(value: Any) -> Iterator[str]:
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict) and (name := _text(one, "name")):
            yield f"{name}: {_text(one, 'reason') or 'no reason is given'}"


def _step(line: Line, record: dict[str, Any]) -> LoggedStep | None:
    step = _count(record, "step")
    if step is None:
        return None
    return LoggedStep(
        line=line,
        step=step,
        loss=_number(record, "train_loss"),
        grad_norm=_number(record, "grad_norm"),
        clipped_norm=_number(record, "grad_norm_after_clip"),
        lr=_number(record, "lr"),
        tokens_per_second=_number(record, "tokens_per_second"),
        tokens_seen=_count(record, "tokens_seen"),
        device=_text(record, "device"),
        device_memory_bytes=_count(record, "device_memory_bytes"),
    )


def _evaluation(line: Line, record: dict[str, Any]) -> Evaluation | None:
    step, loss = _count(record, "step"), _number(record, "val_loss")
    if step is None or loss is None:
        return None
    return Evaluation(
        line=line,
        step=step,
        loss=loss,
        standard_error=_number(record, "standard_error"),
        tokens=_count(record, "val_tokens"),
        sequences=_count(record, "sequences"),
    )


def _event(line: Line, record: dict[str, Any]) -> Event | None:
    name = _text(record, "event")
    text = _text(record, "reason") or ""
    return Event(line=line, name=name, step=_count(record, "step") or 0, text=text) if name else None


def _schedule(training: dict[str, Any]) -> Schedule | None:
    peak, warmup, steps = (
        _number(training, _SCRATCH_PEAK),
        _count(training, "warmup_steps"),
        _count(training, "steps"),
    )
    share = _number(training, "floor_share")
    if peak is None or warmup is None or not steps or share is None:
        return None
    return Schedule(peak=peak, floor=peak * share, warmup_steps=warmup, planned_steps=steps)


def _mapping(record: dict[str, Any], key: str) -> dict[str, Any]:
    value = record.get(key)
    return value if isinstance(value, dict) else {}


def _text(record: dict[str, Any], key: str) -> str | None:
    value = record.get(key)
    return value if isinstance(value, str) else None


def _number(record: dict[str, Any], key: str) -> float | None:
    return number(record.get(key))


def _positive(record: dict[str, Any], key: str) -> int | None:
    return _count(record, key) or None


def _count(record: dict[str, Any], key: str) -> int | None:
    return count(record.get(key))
