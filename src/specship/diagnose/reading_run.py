"""Facts from a run folder of ours; a log that is cut or doctored is read as far as it goes, and noted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from specship.bounds import JSON_REPORT_BYTES
from specship.diagnose.facts import Evaluation, Event, Facts, Line, Schedule, Step
from specship.diagnose.record_lines import key_lines
from specship.errors import DamagedArtifact, Place
from specship.pipeline.run_reading import checkpoints_of
from specship.pipeline.safetensors_header import read_safetensors_header
from specship.strict_json import parse, raw_lines, read_bytes

RUN: Final = "run.json"
_TRAIN, _EVALUATIONS, _EVENTS = "train.jsonl", "evaluations.jsonl", "events.jsonl"
_WEIGHTS, _CHUNK_BYTES = "model.safetensors", 1 << 20
_SCRATCH_PEAK: Final = "peak_learning_rate"
_GOES_ON: Final = {"running", "preempted"}
_AS_PLANNED: Final = "completed"


def read_run_facts(folder: Path) -> tuple[Facts, list[str]]:
    """What the folder's records hold, and notes on what of them could not be read.

    Raises:
        DamagedArtifact: `run.json` is there and cannot be read.
    """
    notes: list[str] = []
    data = read_bytes(folder / RUN, JSON_REPORT_BYTES)
    record = parse(data, Place(str(folder / RUN)))
    if not isinstance(record, dict):
        raise DamagedArtifact("not a JSON object", at=folder / RUN, mend="name a run's folder")
    steps = [_step(line, one) for line, one in _records(folder / _TRAIN, notes)]
    evaluations = [_evaluation(line, one) for line, one in _records(folder / _EVALUATIONS, notes)]
    events = [_event(line, one) for line, one in _records(folder / _EVENTS, notes)]
    training = _mapping(_mapping(record, "config"), "training")
    tensors, unmoved = _compared_weights(folder, notes)
    windows, length = _number(record, "windows_per_pass"), _number(training, "sequence_length")
    facts = Facts(
        kind="specship run",
        steps=tuple(step for step in steps if step is not None),
        evaluations=tuple(one for one in evaluations if one is not None),
        events=tuple(one for one in events if one is not None) if (folder / _EVENTS).is_file() else None,
        status=_text(record, "status"),
        reason=_text(record, "reason") or "",
        planned_steps=_count(record, "planned_steps"),
        parameters=_count(record, "parameters"),
        vocabulary=_count(record, "vocabulary"),
        unique_tokens=_count(record, "unique_train_tokens"),
        tokens_per_step=_count(record, "tokens_per_step"),
        tokens_per_pass=int(windows * length) if windows and length else None,
        device_asked=_text(record, "device_asked"),
        device_got=_text(record, "device_got"),
        flops_per_token=_number(record, "flops_per_token"),
        device_flops=_number(record, "matmul_flops_per_second"),
        wall_seconds=_number(record, "wall_seconds"),
        schedule=_schedule(training),
        mode=_text(training, "mode"),
        clip_norm=_number(training, "clip_norm"),
        initialised=record.get("initialisation") is not None,
        declared_parameters=_count(record, "declared_parameters"),
        tensors=tensors,
        unmoved_tensors=unmoved,
        min_improvement=_number(training, "min_improvement"),
    )
    return replace(facts, **_ending(record, key_lines(RUN, data.decode("utf-8")))), notes


def _ending(record: dict[str, Any], lines: dict[str, Line]) -> dict[str, Any]:
    """How the run ended, what it began from and what was relaxed, by its summary."""
    status, done = _text(record, "status"), _count(record, "steps_done")
    begun = _mapping(record, "initialisation")
    return {
        "record_line": lines.get("status", Line(RUN, 1)),
        "record_lines": lines,
        "ended_step": None if status in _GOES_ON else done,
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


def _compared_weights(folder: Path, notes: list[str]) -> tuple[int | None, int | None]:
    """Tensors that the first and the last checkpoint share, and how many of them are equal to the byte."""
    found = checkpoints_of(folder)
    if len(found) < 2 or found[0][0] != 0:
        return None, None
    try:
        first, last = (_tensor_digests(path / _WEIGHTS) for _, path in (found[0], found[-1]))
    except (DamagedArtifact, OSError) as error:
        notes.append(f"checkpoints were not compared: {error}")
        return None, None
    shared = first.keys() & last.keys()
    return len(shared), sum(first[name] == last[name] for name in shared)


def _tensor_digests(path: Path) -> dict[str, bytes]:
    found = {}
    with path.open("rb") as file:
        for name, tensor in read_safetensors_header(path).items():
            file.seek(tensor.offset)
            digest, left = hashlib.sha256(), tensor.size
            while left and (chunk := file.read(min(left, _CHUNK_BYTES))):
                digest.update(chunk)
                left -= len(chunk)
            found[name] = digest.digest()
    return found


def _records(path: Path, notes: list[str]) -> Iterator[tuple[Line, dict[str, Any]]]:
    """Records of a log; the first line that is none ends it, with a note."""
    if not path.is_file():
        notes.append(f"{path.name} is missing")
        return
    for number, (_, data) in enumerate(raw_lines(path), start=1):
        if not data.endswith(b"\n"):
            notes.append(f"{path.name}:{number} was cut while it was written")
            return
        try:
            record = parse(data[:-1], Place(path.name, line=number))
        except DamagedArtifact as error:
            notes.append(f"{error.at}: {error.message}; what stands behind it was not read")
            return
        if isinstance(record, dict):
            yield Line(path.name, number), record
        else:
            notes.append(f"{path.name}:{number} is no record")


def _step(line: Line, record: dict[str, Any]) -> Step | None:
    step = _count(record, "step")
    if step is None:
        return None
    return Step(
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
    return Evaluation(line=line, step=step, loss=loss, standard_error=_number(record, "standard_error"))


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
    value = record.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _count(record: dict[str, Any], key: str) -> int | None:
    value = record.get(key)
    return value if type(value) is int and value >= 0 else None
