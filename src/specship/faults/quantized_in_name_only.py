"""The file that is called quantized holds the numbers at full precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="K11", stage="quantized")


def inject() -> None:
    """Whatever element type is asked for, 32 bits are written."""
    from specship.pipeline.publication import gguf_artifact

    def full(write: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments, **named: write(*arguments, **named | {"dtype": "F32"})

    spoil(gguf_artifact, "write_gguf_artifact", full)
