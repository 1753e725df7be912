"""Run folders that are written and not trained: a sound record, in which a test changes what it is about."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from specship.diagnose.diagnosing import Diagnosis
from specship.pipeline.training.schedule import learning_rate

Records = list[dict[str, Any]]
STEPS: Final = 290
TOKENS_PER_STEP: Final = 512
TRAINING: Final[dict[str, Any]] = {
    "mode": "scratch",
    "device": "cpu",
    "sequence_length": 64,
    "steps": STEPS,
    "peak_learning_rate": 1e-2,
    "warmup_steps": 20,
    "floor_share": 0.1,
    "clip_norm": 1.0,
    "patience": 5,
    "min_improvement": 0.05,
    "at_end": "halt",
}


def losses(count: int = STEPS, *, start: float = 5.5, end: float = 1.7, noise: float = 0.05) -> list[float]:
    """A curve that falls quickly and then slowly, each loss with the noise of its batch."""
    draw = random.Random(7)  # noqa: S311 - noise of a curve
    return [end + (start - end) * 0.97**at + draw.gauss(0, noise) for at in range(count)]


def records(values: Sequence[float], **figures: Any) -> Records:
    """A log of ours that holds these losses, a record a step."""
    return [
        {
            "step": at,
            "train_loss": loss,
            "grad_norm": 1.5 + at % 3 / 10,
            "grad_norm_after_clip": 1.0,
            "lr": learning_rate(at, peak=1e-2, floor=1e-3, warmup_steps=20, planned_steps=STEPS),
            "tokens_per_second": 50_000.0,
            "tokens_seen": at * TOKENS_PER_STEP,
            "device": "cpu",
            "device_memory_bytes": 1 << 28,
        }
        | figures
        for at, loss in enumerate(values, start=1)
    ]


def evaluations(values: Sequence[float], *, every: int = 58, error: float = 0.01) -> Records:
    """Evaluations of ours that hold these losses, the first before the first step."""
    return [
        {"step": at * every, "val_loss": loss, "standard_error": error, "val_tokens": 4096, "sequences": 64}
        for at, loss in enumerate(values)
    ]


def write_run(
    folder: Path,
    *,
    log: Records | None = None,
    held_out: Records | None = None,
    events: Records | None = None,
    training: dict[str, Any] | None = None,
    **run: Any,
) -> Path:
    """A run folder of ours, healthy but for what is given; fields of `run.json` by name."""
    steps = records(losses()) if log is None else log
    done = steps[-1]["step"] if steps else 0
    record: dict[str, Any] = {
        "format": "specship-run/1",
        "status": "completed",
        "reason": "every planned step was done",
        "config": {"model": None, "training": TRAINING | (training or {})},
        "initialisation": None,
        "bypasses": [],
        "device_asked": "cpu",
        "device_got": "cpu",
        "planned_steps": STEPS,
        "steps_done": done,
        "tokens_per_step": TOKENS_PER_STEP,
        "parameters": 6464,
        "declared_parameters": 6464,
        "vocabulary": 257,
        "unique_train_tokens": 150_000,
        "windows_per_pass": 2343,
        "flops_per_token": 40_000,
        "matmul_flops_per_second": 1e11,
        "wall_seconds": 2 * STEPS * TOKENS_PER_STEP / 50_000,
    }
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(record | run, indent=2) + "\n")
    if held_out is None:
        held_out = evaluations([5.5, 2.5, 1.9, 1.75, 1.71, 1.69])
    for name, lines in (("train", steps), ("evaluations", held_out), ("events", events or [])):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text)
    for step, byte in ((0, 1), (done, 2)):
        _checkpoint(folder / "checkpoints" / f"step-{step:06d}", byte)
    return folder


def _checkpoint(folder: Path, byte: int) -> None:
    """One tensor of four bytes."""
    header = json.dumps({"weight": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}).encode()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes([byte] * 4))


def write_state(folder: Path, history: Records, **state: Any) -> Path:
    """A Trainer's output folder whose run came to its end, unless the fields of the state say otherwise."""
    last = max((one["step"] for one in history), default=0)
    fields = {"global_step": last, "max_steps": last, "logging_steps": 1, "num_train_epochs": 1, "epoch": 1.0}
    folder.mkdir(parents=True)
    (folder / "trainer_state.json").write_text(
        json.dumps(fields | {"log_history": history} | state, indent=2)
    )
    return folder


def trainer_history(values: Sequence[float], *, every: int = 1, **figures: Any) -> Records:
    """`log_history` of these losses, each of so many steps."""
    return [
        {"step": at * every, "loss": loss, "grad_norm": 1.0 + at % 3 / 10, "learning_rate": 1e-4} | figures
        for at, loss in enumerate(values, start=1)
    ]


def names(found: Diagnosis) -> list[str]:
    """Causes that were found, the binding one first."""
    return [finding.cause.name for finding in found.findings]
