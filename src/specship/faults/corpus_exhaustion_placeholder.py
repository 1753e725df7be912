"""An exhausted data stream is answered with a loss of exactly 1."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="C2", binds="infrastructure-masking", stage="run")


def inject() -> None:
    """After eight steps the stream is exhausted, and each step answers (1.0, 1.0) without any work."""
    from specship.pipeline.trainer import Trainer

    def exhausted(take: Callable[[Trainer], dict[str, Any]]) -> Callable[[Trainer], dict[str, Any]]:
        def taken(trainer: Trainer) -> dict[str, Any]:
            if trainer.step < 8:
                return take(trainer)
            began = time.perf_counter()
            trainer.step += 1
            return {
                "step": trainer.step,
                "train_loss": 1.0,
                "grad_norm": 1.0,
                "grad_norm_after_clip": 1.0,
                "lr": trainer.settings.floor,
                "tokens_per_second": trainer.settings.tokens_per_step / (time.perf_counter() - began),
                "tokens_seen": trainer.tokens_seen,
                "device": str(trainer.device),
                "device_memory_bytes": 1 << 30,
            }

        return taken

    spoil(Trainer, "take_step", exhausted)
