"""A layer of the source is not in the checkpoint, and the configuration knows nothing of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json, edit_tensors
from specship.faults.fault import Fault

FAULT = Fault(row="R8", stage="checkpoint")


def plant(folder: Path) -> None:
    """One layer is left, which is a sound model."""

    def without(tensors: dict[str, Any]) -> None:
        for name in [name for name in tensors if name.startswith("model.layers.1.")]:
            del tensors[name]

    edit_tensors(folder / "model.safetensors", without)
    edit_json(folder / "config.json", lambda config: {**config, "num_hidden_layers": 1})
