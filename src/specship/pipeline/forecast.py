"""What a run will take, from a few of its real steps on its real device: nothing is written."""

from __future__ import annotations

import math
import resource
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from specship.pipeline.budget import Plan
from specship.pipeline.device import device_name, prepare, resolve_device
from specship.pipeline.token_reader import TokenReader
from specship.pipeline.trainer import Trainer
from specship.pipeline.training_settings import Recipe

_STEPS: Final = 4
"""Steps that are timed, after one that is not."""
_WINDOWS: Final = 64
_BYTES_A_PARAMETER: Final = 12
"""Of a checkpoint: weights and two moments, float32."""
_WRITTEN_AND_READ: Final = 300e6
"""Bytes a second at which a checkpoint is written, hashed and flushed; slower disks take longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Predicted cost of a run."""

    device: str
    step_seconds: float
    """Median of the timed steps."""
    evaluation_seconds: float
    checkpoint_seconds: float
    wall_seconds: float
    memory_bytes: int
    """Most that the device held in those steps: resident on the CPU, allocated on CUDA."""
    disk_bytes: int
    """Of the checkpoints that are kept: the first, the best and the last two."""
    steps_measured: int


def forecast(recipe: Recipe, shards: Path, plan: Plan, *, initial: Path | None) -> Forecast:
    """Build the real model, take a few real steps, score some held-out windows, and multiply.

    Raises:
        RequirementMissing: the device asked for is not on this machine.
        UnusableInput, DamagedArtifact, StageFailed: as training itself.
    """
    settings = recipe.training
    device = resolve_device(settings.device)
    prepare(device, settings.threads)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    trainer = Trainer(recipe, shards, device, initial=initial)
    steps = min(_STEPS, settings.steps - 1)
    seconds = [_timed(trainer.take_step, device) for _ in range(steps + 1)]
    step = statistics.median(seconds[1:] or seconds)
    evaluation = _evaluation_seconds(trainer, shards, device) * plan.noise.sequences
    size = _BYTES_A_PARAMETER * plan.parameters
    saving = size / _WRITTEN_AND_READ
    evaluations = plan.evaluations + 1
    return Forecast(
        device=f"{device} ({device_name(device)})",
        step_seconds=step,
        evaluation_seconds=evaluation,
        checkpoint_seconds=saving,
        wall_seconds=settings.steps * step + evaluations * (evaluation + saving),
        memory_bytes=_most_memory(device),
        disk_bytes=min(4, evaluations) * size,
        steps_measured=steps,
    )


def _evaluation_seconds(trainer: Trainer, shards: Path, device: torch.device) -> float:
    """Seconds a held-out window takes."""
    length = trainer.settings.sequence_length
    reader = TokenReader(shards, "heldout", length=length, seed=0, at_end="halt")
    asked = min(_WINDOWS, math.ceil(trainer.settings.evaluation_tokens / length))
    windows_WT = reader.heldout_windows(length, asked * length)  # noqa: N806
    return _timed(lambda: trainer.evaluate(windows_WT), device) / len(windows_WT)


def _timed(work: Any, device: torch.device) -> float:
    began = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began


def _most_memory(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
