"""What a run will take, from a few of its real steps on its real device and one checkpoint on its real disk.

Nothing of it stays: the checkpoint is written into a folder of its own beside the run and removed.
"""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch

from specship.files import scratch_beside, write_errors
from specship.pipeline.device import device_name, prepare, resolve_device
from specship.pipeline.planning.memory_use import MemoryWatch
from specship.pipeline.shards.token_reader import TokenReader
from specship.pipeline.training.initialisation import own_loss
from specship.pipeline.training.trainer import Trainer

if TYPE_CHECKING:
    from specship.pipeline.planning.budget import TrainingPlan
    from specship.pipeline.planning.training_data import TrainingData
    from specship.pipeline.training.settings import Recipe

_STEPS: Final = 4
"""Steps that are timed, after one that is not."""
_WINDOWS: Final = 64
_KEPT: Final = 4
"""Checkpoints that stay at most: the first, the best and the last two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCost:
    """Predicted cost of a run."""

    device: str
    step_seconds: float
    """Median of the timed steps."""
    steps_measured: int
    warmed_up: bool
    """Whether a step was taken before those that were timed; the first one is the slowest."""
    evaluation_seconds: float
    beginning_seconds: float
    """Of the passes over the held-out set by which the initial checkpoint is checked; 0 without one."""
    checkpoint_seconds: float
    checkpoint_beside_output: bool
    """Whether it was written where the run will be; otherwise into the folder for temporary files."""
    wall_seconds: float
    memory_bytes: int
    """Most in use during all of it: resident in the whole process on a CPU, allocated on CUDA."""
    memory_before_bytes: int
    """In use before the model was built."""
    memory_since_start: bool
    """The most is that of the process since it began: the steps took no more than this."""
    disk_bytes: int
    """Of the checkpoints that are kept: the first, the best and the last two."""


def foretell(
    recipe: Recipe, data: TrainingData, plan: TrainingPlan, *, initial: Path | None, output: Path | None
) -> RunCost | None:
    """Build the real model, take a few real steps, score some held-out windows, save once, and multiply.

    None where the data end before a single step.

    Raises:
        RequirementMissing: the device asked for is not on this machine.
        UnusableInput, DamagedArtifact, StageFailed: as training itself.
        CannotWrite: no checkpoint can be written where the run will be.
    """
    settings = recipe.training
    there = _STEPS + 1 if settings.at_end == "cycle" else plan.corpus_tokens // settings.tokens_per_step
    possible = min(_STEPS + 1, settings.steps, there)
    if possible < 1:
        return None
    device = resolve_device(settings.device)
    prepare(device, settings.threads, deterministic=settings.deterministic, tf32=settings.tf32)
    memory = MemoryWatch(device)
    trainer = Trainer(recipe, data.shards, device, initial=initial)
    seconds = [_timed(lambda: trainer.read(trainer.take_step()), device) for _ in range(possible)]
    step = statistics.median(seconds[1:] or seconds)
    windows_WT = _some_windows(trainer, data.shards)  # noqa: N806
    sequences = plan.noise.sequences
    evaluation = _timed(lambda: trainer.evaluate(windows_WT), device) / len(windows_WT) * sequences
    beginning = _beginning(trainer, initial, windows_WT, sequences) if initial else 0.0
    saving, size = _one_checkpoint(trainer, data.tokenizer, output)
    used, evaluations = memory.use(), plan.evaluations + 1
    return RunCost(
        device=f"{device} ({device_name(device)})",
        step_seconds=step,
        steps_measured=len(seconds[1:] or seconds),
        warmed_up=len(seconds) > 1,
        evaluation_seconds=evaluation,
        beginning_seconds=beginning,
        checkpoint_seconds=saving,
        checkpoint_beside_output=output is not None,
        wall_seconds=beginning + settings.steps * step + evaluations * (evaluation + saving),
        memory_bytes=used.most,
        memory_before_bytes=used.before,
        memory_since_start=used.since_start,
        disk_bytes=min(_KEPT, evaluations) * size,
    )


def _some_windows(trainer: Trainer, shards: Path) -> Any:
    length = trainer.settings.sequence_length
    reader = TokenReader(shards, "heldout", length=length, seed=0, at_end="halt", tokenizer=None)
    asked = min(_WINDOWS, math.ceil(trainer.settings.evaluation_tokens / length))
    return reader.heldout_windows(length, asked * length)


def _beginning(trainer: Trainer, initial: Path, windows_WT: Any, sequences: int) -> float:  # noqa: N803 - axes
    """Seconds of `WarmStartCheck`: the checkpoint's own loss, and that of step 0 without autocast.

    Our own decoder opens the checkpoint once and scores a window at a time, so that one window and
    several tell the two apart.
    """
    device = trainer.parameters[0].device

    def own(windows: Any) -> float:
        return _timed(lambda: own_loss(initial, windows, device, lambda *_, **__: None), device)

    one, several, more = own(windows_WT[:1]), own(windows_WT), len(windows_WT) - 1
    window = max(0.0, several - one) / more if more else one
    seconds = one + window * (sequences - 1)
    if trainer.settings.precision != "float32":
        again = _timed(lambda: trainer.evaluate(windows_WT, whole_precision=True), device)
        seconds += again / len(windows_WT) * sequences
    return seconds


def _one_checkpoint(trainer: Trainer, tokenizer: Path, output: Path | None) -> tuple[float, int]:
    """Seconds and bytes of a checkpoint where the run will be, removed at once."""
    where = _nearest(output) if output else Path(tempfile.gettempdir())
    with scratch_beside(where / "checkpoint") as folder, write_errors(where):
        final = folder / "checkpoint"
        device = trainer.parameters[0].device
        seconds = _timed(lambda: trainer.save(final, tokenizer, progress={}, metadata={}), device)
        return seconds, sum(path.stat().st_size for path in final.iterdir())


def _nearest(output: Path) -> Path:
    """The folder of the run, or the nearest one above it that is there already."""
    return next(folder for folder in (output.absolute(), *output.absolute().parents) if folder.is_dir())


def _timed(work: Callable[[], Any], device: torch.device) -> float:
    began = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - began
