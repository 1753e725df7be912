"""What the processors of this machine can do at all, whoever else uses them."""

from __future__ import annotations

import os
import time
from typing import Final

import torch

_SIZE: Final = 512
_SMALL: Final = 256
"""Of a first product, since a type without instructions of its own takes a thousand times as long."""
_FEWEST: Final = 3
_SECONDS: Final = 0.25


def processor_flops_per_second() -> float:
    """Best rate of a square matrix product on one core, in float32 or bfloat16, times the cores we may use.

    The seconds are those that the thread was on a core, not those on the wall: what others do on the machine
    takes a core away and leaves this rate as it is, but for a cache that is shared. Cores that work together
    do no more than this, so that it bounds what a run on them can have done.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # one thread has one clock
    try:
        best = _rate(torch.float32, _SIZE, _SECONDS)
        if 2 * _rate(torch.bfloat16, _SMALL, 0.0) > best:
            best = max(best, _rate(torch.bfloat16, _SIZE, _SECONDS))
    finally:
        torch.set_num_threads(threads)
    return best * len(os.sched_getaffinity(0))


def _rate(dtype: torch.dtype, size: int, seconds: float) -> float:
    """The best of three products and more, in operations a second of this thread's own time."""
    a_NN = torch.ones(size, size, dtype=dtype)  # noqa: N806
    torch.mm(a_NN, a_NN)
    samples: list[float] = []
    while len(samples) < _FEWEST or sum(samples) < seconds:
        began = time.thread_time()
        torch.mm(a_NN, a_NN)
        samples.append(time.thread_time() - began)
    return 2.0 * size**3 / min(samples)
