"""The folder of a run: its three logs, `run.json`, and how a killed run is put in order again.

run.json           settings, device asked for and got, digests, packages, status
train.jsonl        one record a step
evaluations.jsonl  one record an evaluation
events.jsonl       wrap-around, early stop, abort with reason, resumed, log repaired …
checkpoints/       see `checkpoints`
initial/           the checkpoint that training began from, where it did
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from specship.errors import UnusableInput
from specship.files import write_json
from specship.json_log import JsonLog, repair, whole_lines
from specship.pipeline.training.checkpoints import remove_checkpoint, sweep, usable_checkpoints
from specship.pipeline.training.run_reading import RunConfig, RunRecord
from specship.strict_json import read_json

_REPEATED: Final = {"wrap", "early_stop", "early_stop_withheld", "end_of_data"}
"""Events that a resumed run meets again after its checkpoint; the others are history and stay."""
IDENTITY: Final = ("config", "shards_sha256", "tokenizer_sha256", "initial_sha256")
"""What must be the same for a folder to be continued."""
FINISHED: Final = {"completed", "stopped_early", "data_exhausted"}
"""Statuses after which there is nothing left to do."""


class RunFolder:
    """A run's files while it is being written."""

    def __init__(self, path: Path, record: dict[str, Any]) -> None:
        self.path = path
        self.record = record
        self.steps = JsonLog(path / "train.jsonl")
        self.evaluations = JsonLog(path / "evaluations.jsonl")
        self.events = JsonLog(path / "events.jsonl")

    def event(self, name: str, step: int, **details: float | str | None) -> None:
        """Write an event with the step it happened in."""
        self.events.append({"event": name, "step": step, **details})

    def sync(self) -> None:
        """Wait until the logs are on the disk, which a checkpoint relies on."""
        for log in (self.steps, self.evaluations, self.events):
            log.sync()

    def update(self, **fields: Any) -> None:
        """Replace fields of `run.json`, which must then be what its readers expect."""
        self.record |= fields
        RunRecord.model_validate(self.record)
        write_json(self.path / "run.json", self.record)

    def close(self) -> None:
        """Give the logs back."""
        for log in (self.steps, self.evaluations, self.events):
            log.close()


def earlier_record(path: Path, record: Mapping[str, Any]) -> dict[str, Any] | None:
    """The `run.json` of an earlier, interrupted process; None when the folder is fresh.

    Raises:
        UnusableInput: the folder holds a run of other settings or data.
    """
    if not (path / "run.json").exists():
        return None
    earlier: dict[str, Any] = read_json(path / "run.json")
    for name in IDENTITY:
        if _settled(name, earlier) != _settled(name, record):
            raise UnusableInput(
                f"the folder holds another run: its {name} differs",
                at=path / "run.json",
                why="a resumed run must equal one that was never interrupted",
                mend="give the same settings and data, or an empty folder",
            )
    return earlier


def _settled(name: str, record: Mapping[str, Any]) -> Any:
    """A part of a run's identity; settings that came later have the values that they are left at."""
    if name != "config" or not isinstance(record.get(name), dict):
        return record.get(name)
    return RunConfig.model_validate(record[name]).model_dump()


def put_in_order(path: Path) -> tuple[Path | None, list[dict[str, Any]]]:
    """Find the newest usable checkpoint, cut the logs back to it, and say what was done.

    Returns the checkpoint (None: begin again) and the events to record.
    """
    events: list[dict[str, Any]] = []
    lines, cut = whole_lines(path / "train.jsonl")
    if cut:
        events.append({"event": "log_repaired", "file": "train.jsonl", "cut_bytes": len(cut)})
    logged = 0
    for _, line in lines:
        if line.get("step") != logged + 1:
            break
        logged += 1
    chosen, at_step = None, -1
    for step, folder, fault in usable_checkpoints(path, logged_steps=logged):
        if fault is None:
            chosen, at_step = folder, step
        else:
            events.append({"event": "checkpoint_refused", "checkpoint": folder.name, "reason": str(fault)})
            remove_checkpoint(folder)
    sweep(path)
    _cut_back(path, at_step, events)
    return chosen, events


def _cut_back(path: Path, step: int, events: list[dict[str, Any]]) -> None:
    repair(path / "train.jsonl", lambda line: int(line["step"]) <= step)
    for name in ("evaluations.jsonl", "events.jsonl"):
        repeated = _REPEATED if name == "events.jsonl" else {None}
        found = repair(
            path / name,
            lambda line: line.get("event") not in repeated or int(line["step"]) <= step,  # noqa: B023
        )
        if found.cut_bytes:
            events.append({"event": "log_repaired", "file": name, "cut_bytes": found.cut_bytes})
