"""What the device here does at a model's own shapes, on which a prediction for it rests."""
# ruff: noqa: N806 - a suffix names the axes of a tensor

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import torch

from specship.pipeline.planning.cost_model import KernelRates
from specship.pipeline.training.architecture import tensor_shapes

_TRIES: Final = 5
_COPIED: Final = {"cpu": 64 << 20, "cuda": 1 << 30}
"""Bytes of the tensor that is copied, beyond any cache."""


def measured_rates(config: Mapping[str, Any], tokens: int, device: torch.device) -> KernelRates:
    """The rate of a block's products and of the output projection, for a micro-batch; the better of tries.

    Products are those of the forward pass, float32 on the CPU and bfloat16 on CUDA.
    """
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    blocks = int(config["num_hidden_layers"])
    operations = seconds = 0.0
    for name, shape in tensor_shapes(config).items():
        if len(shape) < 2 or not (".layers.0." in name or name.endswith("embed_tokens.weight")):
            continue
        times = blocks if ".layers.0." in name else 1
        rows_NC = torch.randn(tokens, shape[1], device=device, dtype=dtype)
        weights_DC = torch.randn(shape, device=device, dtype=dtype)
        operations += times * 2.0 * tokens * shape[0] * shape[1]
        seconds += times * _best(functools.partial(torch.mm, rows_NC, weights_DC.T), device)
    source = torch.ones(_COPIED[device.type] // 4, device=device)
    target = torch.empty_like(source)
    moved = 2 * source.numel() * 4 / _best(lambda: target.copy_(source), device)
    return KernelRates(matmul_flops=operations / seconds, bytes_per_second=moved, measured=True)


def _best(work: Callable[[], Any], device: torch.device) -> float:
    work()
    alone = device.type == "cpu" and torch.get_num_threads() == 1
    clock = time.process_time if alone else time.perf_counter  # other programs take nothing from the former
    found = []
    for _ in range(_TRIES):
        _wait(device)
        began = clock()
        work()
        _wait(device)
        found.append(clock() - began)
    return min(found)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
