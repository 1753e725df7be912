"""Query and key rows stand in the order of another rotary layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="X4", stage="gguf")


def plant(folder: Path) -> None:
    """The rows of each head as transformers has them: first all of the first halves."""

    def halves(tensors: dict[str, Any]) -> None:
        for name, array in tensors.items():
            if name.endswith(("attn_q.weight", "attn_k.weight")):
                tensors[name] = np_halves(array)

    rewrite_gguf(folder / "model.gguf", tensors=halves)


def np_halves(array: Any) -> Any:
    """Even rows first, then the odd ones, which undoes the interleaving across all heads."""
    import numpy as np

    return np.concatenate([array[0::2], array[1::2]])
