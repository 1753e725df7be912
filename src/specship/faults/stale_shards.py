"""The shards were made with another tokenizer or from another corpus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="C4", stage="shards")


def inject() -> None:
    """The tokenizer that encodes is one that was trained on other text."""
    from specship.pipeline.stages import shards

    def another(hashing: Callable[[Path], str]) -> Callable[[Path], str]:
        """What the shards remember of their tokenizer is the digest of the file before this one."""
        return lambda path: hashing(path)[::-1] if path.name == "tokenizer.json" else hashing(path)

    spoil(shards, "sha256_file", another)
