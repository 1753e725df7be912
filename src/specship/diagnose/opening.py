"""A run folder, whoever wrote it, to a diagnosis."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from specship.bounds import JSON_LARGEST_INTEGER
from specship.diagnose.diagnosing import Diagnosis, diagnose
from specship.diagnose.facts import TELLABLE, Facts
from specship.diagnose.reading_run import RUN, read_run_facts
from specship.diagnose.reading_trainer import read_trainer_facts, state_file
from specship.errors import UnknownName, UnusableInput, did_you_mean
from specship.pipeline.training.settings import MODE_DEFAULTS

_COUNTS: Final = frozenset({"parameters", "vocabulary", "unique_tokens", "tokens_per_step", "planned_steps"})
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
    if not folder.is_dir():
        raise UnusableInput("there is no such folder", at=folder, mend="name a run's folder")
    if (folder / RUN).is_file():
        facts, notes = read_run_facts(folder)
    elif (state := state_file(folder)) is not None:
        facts, notes = read_trainer_facts(state)
    else:
        raise UnusableInput(
            "not a run",
            at=folder,
            why="a run of ours holds run.json, a Trainer's output trainer_state.json",
            mend="name the folder that `specship pretrain --output` or a Trainer's output_dir made",
        )
    return diagnose(str(folder), _told(facts, told or {}), tuple(notes))


def _told(facts: Facts, told: Mapping[str, str]) -> Facts:
    values: dict[str, Any] = {}
    for name, text in told.items():
        if name not in TELLABLE:
            known = did_you_mean(name, TELLABLE) or f"known are {', '.join(TELLABLE)}"
            raise UnknownName(f"no fact is called {name!r}", mend=known)
        if getattr(facts, name) is not None and not (name == "device_asked" and facts.device_asked == _ANY):
            raise UnusableInput(
                f"{name} is on record: {getattr(facts, name)}", why="a record is not overruled by a caller"
            )
        values[name] = _value(name, text)
    return replace(facts, **values, told=frozenset(values))


def _value(name: str, text: str) -> int | float | str:
    if name == "mode":
        return _mode(text)
    if name not in (*_COUNTS, "device_flops"):
        return text
    number = float(text) if _NUMBER.fullmatch(text) else 0.0
    if name == "device_flops" and 0 < number < math.inf:
        return number
    if name in _COUNTS and _WHOLE.fullmatch(text) and 0 < number <= JSON_LARGEST_INTEGER:
        return int(text)
    kind = "whole number above 0 and up to 2**53" if name in _COUNTS else "number above 0"
    raise UnusableInput(f"{name} is {text[:40]!r}, not a {kind}", mend=f"write {name}=1000000")


def _mode(text: str) -> str:
    if text not in MODE_DEFAULTS:
        raise UnusableInput(
            f"mode is {text[:40]!r}",
            why="a run begins from random weights or from a checkpoint",
            mend=did_you_mean(text, MODE_DEFAULTS) or f"write one of {', '.join(MODE_DEFAULTS)}",
        )
    return text
