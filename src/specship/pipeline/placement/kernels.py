"""What a step really called: the types of its matrix products, and its attention kernels.

A setting says what was asked for; torch's own profiler sees what was done, through compiled code too, since
products and attention stay calls of their own there.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from math import prod
from typing import Any, Final, TypeVar

from specship.pipeline.placement.records import Kernels

T = TypeVar("T")
_PRODUCTS: Final = {"aten::mm": 0, "aten::bmm": 0, "aten::addmm": 1, "aten::baddbmm": 1}
"""Plain matrix products, and the place of their first factor."""
_TYPES: Final = {
    "float": "float32",
    "double": "float64",
    "c10::BFloat16": "bfloat16",
    "c10::Half": "float16",
}
_ATTENTION: Final = ("aten::_scaled_dot_product_", "aten::_flash_attention_forward", "aten::_flex_attention")
_NOISE: Final = b"USDT:"
"""How lines begin that the profiler's library writes to standard error, whatever it is asked."""


def observe(step: int, work: Callable[[], T]) -> tuple[T, Kernels]:
    """Do some work and say what it called; the work itself is not altered, and a little slower."""
    from torch.autograd.profiler import profile

    recording = profile(record_shapes=True, acc_events=True)
    with _without_noise():
        recording.__enter__()  # type: ignore[no-untyped-call]
    try:
        result = work()
    finally:
        with _without_noise():
            recording.__exit__(None, None, None)  # type: ignore[no-untyped-call]
    assert recording.kineto_results is not None  # noqa: S101 - the recording has ended
    return result, counted(step, recording.kineto_results.events())


def counted(step: int, events: Any) -> Kernels:
    """The kernels among events of the profiler."""
    flops, attention = Counter[str](), Counter[str]()
    for event in events:
        name = event.name()
        if name in _PRODUCTS:
            left, right = event.shapes()[_PRODUCTS[name] :][:2]
            kind = event.dtypes()[_PRODUCTS[name]]
            flops[_TYPES.get(kind, kind)] += 2 * prod(left) * right[-1]
        elif name.startswith(_ATTENTION) and "backward" not in name:
            attention[name.removeprefix("aten::")] += 1
    return Kernels(step=step, matmul_flops=dict(flops), attention=dict(attention))


@contextlib.contextmanager
def _without_noise() -> Iterator[None]:
    """Standard error without the profiler's own lines; all others are written as they came."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for line in caught:
                if not line.startswith(_NOISE):
                    os.write(2, line)
