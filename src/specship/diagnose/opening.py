"""A run folder, whoever wrote it, to a diagnosis."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from specship.bounds import JSON_LARGEST_INTEGER
from specship.diagnose.declared_settings import declared
from specship.diagnose.diagnosing import Diagnosis, diagnose
from specship.diagnose.facts import TELLABLE, Facts, Schedule
from specship.diagnose.formats.event_file import KIND as EVENTS
from specship.diagnose.formats.event_file import told_by_events
from specship.diagnose.log_format import log_in
from specship.diagnose.reading_run import RUN, read_run_facts
from specship.diagnose.reading_trainer import STATE, read_trainer_facts, state_file
from specship.errors import DamagedArtifact, UnknownName, UnusableInput, did_you_mean
from specship.pipeline.training.settings import MODE_DEFAULTS

_COUNTS: Final = frozenset({"parameters", "vocabulary", "unique_tokens", "tokens_per_step", "planned_steps"})
_SHAPES: Final = ("cosine", "linear", "constant")
_ANY: Final = "auto"
"""A device that names none: what was meant may be told."""
_NUMBER: Final = re.compile(r"[0-9]+(_[0-9]+)*(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")
_WHOLE: Final = re.compile(r"[0-9]+(_[0-9]+)*")


def diagnose_run(folder: Path, told: Mapping[str, str] | None = None) -> Diagnosis:
    """Diagnose a run folder of ours or a Trainer's output; `told` fills in facts that its records lack.

    Units: figures carry their own (`nats/token`, `tokens/s`, `steps`); confidence lies between 0 and 1.
    Source: decisions 0019 and 0020 (what a cause may accuse; when a run is called healthy).

    Raises:
        UnusableInput: neither of them, or a fact that is told is unknown, no figure, or on record.
        DamagedArtifact: its main record cannot be read.
    """
    if not folder.exists():
        raise UnusableInput("there is no such folder", at=folder, mend="name a run's folder")
    if folder.is_file() and folder.name in {RUN, STATE}:
        folder = folder.parent
    if (folder / RUN).is_file():
        facts, notes = read_run_facts(folder)
    elif (state := state_file(folder)) is not None:
        facts, notes = read_trainer_facts(state)
        facts = _with_arguments(facts, folder, notes)
    elif (log := log_in(folder)) is not None:
        facts, notes = log[0].read(log[1])
    else:
        raise UnusableInput(
            "not a run",
            at=folder,
            why="a run of ours holds run.json, a Trainer's output trainer_state.json, "
            "Lightning's metrics.csv, and TensorBoard's an event file",
            mend="name the folder that `specship pretrain --output` or a Trainer's output_dir made",
        )
    return diagnose(str(folder), _told(facts, told or {}), tuple(notes))


def _with_arguments(facts: Facts, folder: Path, notes: list[str]) -> Facts:
    """A Trainer's facts with what the event file beside its state says that the run was to be."""
    log = log_in(folder)
    if log is None or log[0].kind != EVENTS:
        return facts
    try:
        found = declared(told_by_events(log[1]), facts.planned_steps)
    except DamagedArtifact as error:
        notes.append(f"{log[1].name}: {error.message}; its arguments were not read")
        return facts
    return replace(facts, **{name: one for name, one in found.items() if getattr(facts, name) is None})


def _told(facts: Facts, told: Mapping[str, str]) -> Facts:
    values: dict[str, Any] = {}
    for name, text in told.items():
        if name not in TELLABLE:
            known = did_you_mean(name, TELLABLE) or f"known are {', '.join(TELLABLE)}"
            raise UnknownName(f"no fact is called {name!r}", mend=known)
        on_record = facts.schedule if name == "lr_schedule" else getattr(facts, name)
        if on_record is not None and not (name == "device_asked" and facts.device_asked == _ANY):
            raise UnusableInput(
                f"{name} is on record: {on_record}", why="a record is not overruled by a caller"
            )
        values[name] = _value(name, text)
    if shape := values.get("lr_schedule"):
        values["schedule"] = Schedule(
            peak=0.0, floor=0.0, warmup_steps=0, planned_steps=0, shape=shape, whole=False
        )
    return replace(facts, **values, told=frozenset(values))


def _value(name: str, text: str) -> int | float | str:
    if name == "mode":
        return _mode(text)
    if name == "lr_schedule":
        return _shape(text)
    if name not in (*_COUNTS, "device_flops"):
        return text
    number = float(text) if _NUMBER.fullmatch(text) else 0.0
    if name == "device_flops" and 0 < number < math.inf:
        return number
    if name in _COUNTS and _WHOLE.fullmatch(text) and 0 < number <= JSON_LARGEST_INTEGER:
        return int(text)
    kind = "whole number above 0 and up to 2**53" if name in _COUNTS else "number above 0"
    meant = int(number) if name in _COUNTS and number.is_integer() else 0
    example = meant if 0 < meant <= JSON_LARGEST_INTEGER else "NUMBER"
    raise UnusableInput(f"{name} is {text[:40]!r}, not a {kind}", mend=f"write {name}={example}")


def _mode(text: str) -> str:
    if text not in MODE_DEFAULTS:
        raise UnusableInput(
            f"mode is {text[:40]!r}",
            why="a run begins from random weights or from a checkpoint",
            mend=did_you_mean(text, MODE_DEFAULTS) or f"write one of {', '.join(MODE_DEFAULTS)}",
        )
    return text


def _shape(text: str) -> str:
    if text not in _SHAPES:
        raise UnusableInput(
            f"lr_schedule is {text[:40]!r}",
            why="a schedule is told by what follows its warm-up",
            mend=did_you_mean(text, _SHAPES) or f"write one of {', '.join(_SHAPES)}",
        )
    return text
