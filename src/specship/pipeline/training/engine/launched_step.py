"""A step that was given to the device and whose figures are read when they have arrived.

Reading them at once would have the host wait for the device, and the device then for the host. They are
copied into pinned memory behind the step itself, and read one step later.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import torch


class StepClock:
    """How long the device worked on a step: by events on CUDA, by the host's clock where the host works."""

    def __init__(self, device: torch.device) -> None:
        """Begin."""
        self._events: tuple[Any, Any] | None = None
        self._began = time.perf_counter()
        self._ended = self._began
        if device.type == "cuda":
            event: Any = torch.cuda.Event
            self._events = (event(enable_timing=True), event(enable_timing=True))
            self._events[0].record()

    def stop(self) -> None:
        """End, behind all that was given to the device so far."""
        self._ended = time.perf_counter()
        if self._events:
            self._events[1].record()

    def seconds(self) -> float:
        """From beginning to end; waits for the end."""
        if self._events:
            self._events[1].synchronize()
            return float(self._events[0].elapsed_time(self._events[1])) / 1000.0
        return self._ended - self._began


@dataclass(frozen=True, slots=True)
class LaunchedStep:
    """One step under way."""

    step: int
    rate: float
    clock: StepClock
    figures: torch.Tensor
    """In host memory: loss, gradient norm before and after clipping; there once the clock has ended."""
    device: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    """Fields of the step's record beyond those of every run."""


def on_its_way(figures: torch.Tensor) -> torch.Tensor:
    """A copy in host memory that nobody has waited for."""
    host = torch.empty(figures.shape, dtype=figures.dtype, pin_memory=figures.device.type == "cuda")
    return host.copy_(figures, non_blocking=True)
