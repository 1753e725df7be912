"""A tied output projection is stored a second time and counted twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_tensors
from specship.faults.fault import Fault

FAULT = Fault(row="K8", stage="checkpoint")


def plant(folder: Path) -> None:
    """The embedding is written again under the name of the output projection."""

    def twice(tensors: dict[str, Any]) -> None:
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()

    edit_tensors(folder / "model.safetensors", twice)
