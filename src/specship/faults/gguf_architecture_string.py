"""The GGUF names a Python class where llama.cpp expects an architecture."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="X1", stage="gguf")


def plant(folder: Path) -> None:
    """The name of the class in transformers."""
    rewrite_gguf(folder / "model.gguf", keys={"general.architecture": lambda _: "LlamaForCausalLM"})
