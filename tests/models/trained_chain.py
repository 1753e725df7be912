"""A tiny chain of real artifacts for the probes of training, and copies of it to plant faults in."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specship.contracts.measurement import Measurement
from specship.pipeline.registry import run_stage, stage_named
from specship.probes import measuring
from specship.probes.probe import Artifact
from specship.probes.registry import all_probes
from tests.models.once import once
from tests.models.training_data import MODEL, TRAINING, make_shards, make_tokenizer

SETTINGS: Mapping[str, Any] = {
    "model": {**MODEL, "max_positions": 16},
    "training": {**TRAINING, "steps": 40, "accumulation": 2, "at_end": "cycle", "min_improvement": 0.05},
    "replay": {"same_seed_steps": 10, "other_seed_steps": 4, "resume_steps": 4},
    "baseline": {"heldout_tokens": 1984},
}


@functools.cache
def chain() -> Path:
    """Shards, tokenizer, baseline, run, checkpoint and replay, made once by the real stages."""
    return once("trained-chain", _make)


def _make(folder: Path) -> None:
    make_tokenizer(folder / "tokenizer")
    make_shards(folder / "shards", tokenizer=folder / "tokenizer")
    inputs = {name: folder / name for name in ("tokenizer", "shards")}
    for name in ("baseline", "run", "checkpoint", "replay"):
        run_stage(stage_named(name), SETTINGS, inputs, folder / name, lambda *_, **__: None)
        inputs[name] = folder / name


def copy_chain(target: Path) -> Path:
    """A copy to spoil."""
    shutil.copytree(chain(), target)
    return target


def measure(probe: str, folder: Path) -> Measurement:
    """What a probe finds in the artifacts of a folder."""
    return measuring.measure(
        all_probes()[probe],
        {path.name: Artifact(path.name, path, "0" * 64) for path in folder.iterdir() if path.is_dir()},
    )


def value(measurement: Measurement, name: str) -> Any:
    """One figure."""
    return measurement.quantities[name].value
