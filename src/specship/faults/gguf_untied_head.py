"""A tied output projection is exported as weights of its own, and they are other ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="K8", stage="gguf")


def plant(folder: Path) -> None:
    """The embedding a second time, its rows in the opposite order."""

    def untied(tensors: dict[str, Any]) -> None:
        tensors["output.weight"] = tensors["token_embd.weight"][::-1].copy()

    rewrite_gguf(folder / "model.gguf", tensors=untied)
