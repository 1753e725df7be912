"""Errors that end a run for a reason of their own: no memory left, or no device."""

from __future__ import annotations

from typing import Any, Final

import torch

from specship.errors import RequirementMissing

_HOST: Final = ("DefaultCPUAllocator", "can't allocate memory", "not enough memory")
"""What torch says, in a RuntimeError, of memory that the host does not give."""
_DEVICE: Final[Any] = getattr(torch, "AcceleratorError", ())
"""What newer versions of torch raise where a device reports an error."""


def device_failure(error: BaseException, device: torch.device) -> str | None:
    """The reason in words; None where the error is another, which nobody expected."""
    text = str(error)
    if isinstance(error, torch.OutOfMemoryError):
        return f"out of memory on {device}"
    if isinstance(error, MemoryError) or any(words in text for words in _HOST):
        return "out of memory on the host"
    if isinstance(error, _DEVICE) or text.startswith("CUDA error"):
        return f"{device} failed"
    return None


def first_line(error: BaseException) -> str:
    """What an error says, without what to try next."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def refuse_without_room(error: BaseException, device: torch.device) -> None:
    """Refuse a run whose model or data did not fit before its first step.

    Raises:
        RequirementMissing: that is what the error is about.
    """
    if reason := device_failure(error, device):
        raise RequirementMissing(
            f"{reason} before the first step: {first_line(error)}",
            why="the model and what is read for it did not fit",
            mend="make the model or training.micro_batch smaller, or train on a larger device",
        ) from error
