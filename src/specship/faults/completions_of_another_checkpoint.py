"""The texts that are judged come from other weights."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="K10", stage="generations")


def inject() -> None:
    """The stage opens a folder whose weights are other ones."""
    from specship.faults._bytes import edit_tensors
    from specship.pipeline.stages import generations

    def another(open_folder: Callable[..., Any]) -> Callable[..., Any]:
        def opened(folder: Path, *arguments: Any, **named: Any) -> Any:
            copy = Path(tempfile.mkdtemp()) / "checkpoint"
            shutil.copytree(folder, copy)
            edit_tensors(copy / "model.safetensors", _turned)
            return open_folder(copy, *arguments, **named)

        return opened

    spoil(generations, "open_any_checkpoint", another)


def _turned(tensors: dict[str, Any]) -> None:
    """Every matrix with its rows in the opposite order."""
    for name, tensor in tensors.items():
        if tensor.ndim > 1:
            tensors[name] = tensor.flip(0)
