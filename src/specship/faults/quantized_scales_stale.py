"""The scales of quantized blocks are not those of their numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="X5", stage="quantized")


def plant(folder: Path) -> None:
    """Each scale of the first feed-forward matrix is a tenth larger."""
    import numpy as np

    def rescaled(tensors: dict[str, Any]) -> None:
        blocks = tensors["blk.0.ffn_down.weight"].reshape(-1, 34)  # a 16-bit scale, then 32 numbers of 8 bits
        scales = blocks[:, :2].copy().view(np.float16) * np.float16(1.1)
        blocks[:, :2] = scales.view(np.uint8)

    rewrite_gguf(folder / "quantized.gguf", tensors=rescaled)
