"""How the steps of a run are computed: types of numbers, kernels, compiled or not; the run records it."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import shutil
import warnings
from dataclasses import asdict, dataclass
from typing import Any, Final

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from specship.pipeline.training.settings import TrainingSettings

_WORTH_COMPILING: Final = 5e13
"""Planned operations above which `auto` compiles on a CPU: minutes of work for half a minute of compiling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What was in force while a run's steps were computed."""

    precision: str
    compiled: bool
    why_eager: str
    """Empty where it was compiled."""
    deterministic: bool
    float32_products: str
    """`float32`, or `tf32` where a CUDA device may round what it multiplies."""
    attention: str
    """`flash`: that kernel or an error; `any`: what torch chooses."""

    def as_json(self) -> dict[str, Any]:
        """For `run.json`."""
        return asdict(self)

    @property
    def dtype(self) -> torch.dtype:
        """Of the products and the residual stream."""
        return torch.float32 if self.precision == "float32" else torch.bfloat16

    def kernels(self) -> contextlib.AbstractContextManager[Any]:
        """Within it attention takes the kernel that is recorded, or raises."""
        if self.attention == "flash":
            return sdpa_kernel(SDPBackend.FLASH_ATTENTION)
        return contextlib.nullcontext()


def execution_of(settings: TrainingSettings, device: torch.device, operations: float) -> Execution:
    """Decide it for a run of so many planned operations; the settings name a precision already."""
    why = _why_eager(settings, device, operations)
    precision = settings.precision or "float32"
    fused = device.type == "cuda" and precision != "float32"
    return Execution(
        precision=precision,
        compiled=not why,
        why_eager=why,
        deterministic=settings.deterministic,
        float32_products="tf32" if settings.tf32 and device.type == "cuda" else "float32",
        # A mask of documents is no causal attention as such, and the flash kernel takes none.
        attention="flash" if fused and not settings.boundaries.apart else "any",
    )


def _why_eager(settings: TrainingSettings, device: torch.device, operations: float) -> str:
    if settings.compile is False:
        return "compile is false"
    if settings.compile == "auto" and device.type == "cpu" and operations < _WORTH_COMPILING:
        return "compiling would take longer than it saves on a run of this length"
    return missing_compiler(device.type)


@functools.cache
def missing_compiler(device_type: str) -> str:
    """Why nothing can be compiled for such a device here, in words; empty where it can."""
    if device_type == "cuda" and importlib.util.find_spec("triton") is None:
        return "there is no triton"
    variable, usual, other = ("CXX", "g++", "clang++") if device_type == "cpu" else ("CC", "gcc", "clang")
    names = [os.environ.get(variable, usual), other]
    if not any(map(shutil.which, names)):
        return f"there is no compiler ({names[0]})"
    try:
        with warnings.catch_warnings():  # torch's own, of modules that it loads for this
            warnings.simplefilter("ignore")
            torch.compile(_one_more, dynamic=False)(torch.zeros(1, device=device_type))
    except (RuntimeError, OSError, ImportError) as error:
        lines = str(error).strip().splitlines()
        return f"a trial did not compile: {lines[0] if lines else type(error).__name__}"
    return ""


def _one_more(number: torch.Tensor) -> torch.Tensor:
    return number + 1
