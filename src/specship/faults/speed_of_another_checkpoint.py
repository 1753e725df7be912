"""The speed that is shown was measured on other weights."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="K10", stage="speed")


def inject() -> None:
    """The bench opens a folder whose weights are other ones."""
    from specship.faults._bytes import edit_tensors
    from specship.pipeline import decode_bench

    def another(run_bench: Callable[..., Any]) -> Callable[..., Any]:
        def opened(folder: Path, *arguments: Any, **named: Any) -> Any:
            copy = Path(tempfile.mkdtemp()) / "checkpoint"
            shutil.copytree(folder, copy)
            edit_tensors(copy / "model.safetensors", _turned)
            return run_bench(copy, *arguments, **named)

        return opened

    spoil(decode_bench, "bench", another)


def _turned(tensors: dict[str, Any]) -> None:
    """Every matrix with its rows in the opposite order."""
    for name, tensor in tensors.items():
        if tensor.ndim > 1:
            tensors[name] = tensor.flip(0)
