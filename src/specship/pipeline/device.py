"""The device a run asked for, the one it got, and what that device can do.

An explicit request is met or refused; nothing ever falls back to the CPU quietly.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

import torch

from specship.errors import RequirementMissing

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_FEWEST_SAMPLES: Final = 3


def resolve_device(asked: str) -> torch.device:
    """The device of that name; `auto` is CUDA where there is one, else the CPU.

    Raises:
        RequirementMissing: CUDA was asked for by name and this machine does not have it.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked == "auto":
        return torch.device("cuda:0" if count else "cpu")
    device = torch.device("cuda:0" if asked == "cuda" else asked)
    if device.type == "cuda" and (device.index or 0) >= count:
        built, visible = torch.version.cuda or "no CUDA", os.environ.get("CUDA_VISIBLE_DEVICES")
        hidden = "" if visible is None else f"; CUDA_VISIBLE_DEVICES is {visible!r} and hides all others"
        raise RequirementMissing(
            f"the device {asked!r} was asked for, and this machine has {count} CUDA devices",
            why="a run on another device than asked for is not that run "
            f"(torch was built with {built}{hidden})",
            mend="run on a machine that has it, or ask for device 'cpu' in the profile",
        )
    return device


def prepare(device: torch.device, threads: int, *, deterministic: bool = True, tf32: bool = False) -> int:
    """Set this process up for training; returns the CPU threads in use.

    Deterministic kernels everywhere unless told otherwise; on CUDA cuBLAS needs its workspace fixed before
    its first use. Products of float32 are just that, unless `tf32` lets a CUDA device round their factors.
    """
    if device.type == "cuda" and deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    count = threads or len(os.sched_getaffinity(0))
    if torch.get_num_threads() != count:
        torch.set_num_threads(count)
    torch.use_deterministic_algorithms(deterministic)
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    # Filling fresh tensors with NaN finds reads of uninitialised memory; it costs each step time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return count


def memory_bytes(device: torch.device) -> int:
    """Memory this process uses there: allocated on a CUDA device, resident on the CPU."""
    if device.type == "cuda":
        return int(torch.cuda.memory_allocated(device))
    descriptor = os.open("/proc/self/statm", os.O_RDONLY)  # each step asks: no buffered file for that
    try:
        return int(os.read(descriptor, 128).split()[1]) * _PAGE_BYTES
    finally:
        os.close(descriptor)


def refuse_too_large(device: torch.device, parameters: int) -> None:
    """Refuse a model whose training state alone is more than the device's whole memory.

    That state is weights, gradients and two moments of AdamW in float32: 16 bytes a parameter.
    Activations come on top, so that a model which passes may still not fit.

    Raises:
        RequirementMissing: it is.
    """
    if device.type == "cuda":
        there = int(torch.cuda.get_device_properties(device).total_memory)
    else:
        there = os.sysconf("SC_PHYS_PAGES") * _PAGE_BYTES
    if (needed := 16 * parameters) > there:
        raise RequirementMissing(
            f"{parameters} parameters need {needed >> 30} GiB to be trained; {device} has {there >> 30}",
            why="weights, gradients and two moments take 16 bytes a parameter, before any activation",
            mend="make the model smaller, or train on a larger device",
        )


def device_name(device: torch.device) -> str:
    """The device's own name: the card's, or the processor's."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "CPU"


def matmul_flops_per_second(
    device: torch.device, *, seconds: float = 0.25, dtype: torch.dtype | None = None
) -> float:
    """Best rate of a square matrix product in the fastest type training may use there.

    float32 on the CPU, bfloat16 on CUDA, unless another is given. The best of many short samples, so
    that a busy moment does not make an honest run look impossibly fast; three at least, however long they
    take.
    """
    on_cuda = device.type == "cuda"
    size = 8192 if on_cuda else 1024
    dtype = dtype or (torch.bfloat16 if on_cuda else torch.float32)
    a_NN = torch.ones(size, size, device=device, dtype=dtype)  # noqa: N806
    torch.mm(a_NN, a_NN)
    samples: list[float] = []
    until = time.perf_counter() + seconds
    while len(samples) < _FEWEST_SAMPLES or time.perf_counter() < until:
        began = time.perf_counter()
        torch.mm(a_NN, a_NN)
        if on_cuda:
            torch.cuda.synchronize(device)
        samples.append(time.perf_counter() - began)
    return 2.0 * size**3 / min(samples)


def copy_bytes_per_second(device: torch.device, *, seconds: float = 0.25) -> float:
    """Best rate at which memory is copied there, bytes read and bytes written together.

    The buffers are larger than any cache; the best of many short samples, three at least.
    """
    on_cuda = device.type == "cuda"
    source_N = torch.ones((1 << 30) if on_cuda else (1 << 27), device=device, dtype=torch.uint8)  # noqa: N806
    target_N = source_N.clone()  # noqa: N806
    samples: list[float] = []
    until = time.perf_counter() + seconds
    while len(samples) < _FEWEST_SAMPLES or time.perf_counter() < until:
        began = time.perf_counter()
        target_N.copy_(source_N)
        if on_cuda:
            torch.cuda.synchronize(device)
        samples.append(time.perf_counter() - began)
    return 2 * source_N.nbytes / min(samples)
