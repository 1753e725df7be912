"""The header was copied from an older export of other weights."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import rewrite_gguf
from specship.faults.fault import Fault

FAULT = Fault(row="X5", stage="gguf")


def plant(folder: Path) -> None:
    """A key is not there yet, half of the merges neither, and the source is another one."""
    rewrite_gguf(
        folder / "model.gguf",
        keys={
            "llama.rope.freq_base": lambda _: None,
            "tokenizer.ggml.merges": lambda merges: merges[: len(merges) // 2],
            "specship.checkpoint.weights_sha256": lambda _: "0" * 64,
        },
    )
