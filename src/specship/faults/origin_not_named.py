"""A file that is handed on does not say which checkpoint it was taken over from."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="P10", stage="gguf")


def plant(folder: Path) -> None:
    """The name of the base model is another one."""
    rewrite_gguf(folder / "model.gguf", keys={"general.base_model.0.name": lambda _: "a model"})
