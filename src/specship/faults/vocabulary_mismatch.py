"""Tokenizer and model disagree about the number of tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specship.faults._bytes import edit_json
from specship.faults.fault import Fault

FAULT = Fault(row="T1", stage="shards")


def plant(folder: Path) -> None:
    """Seven more tokens are promised than the tokenizer has, and the last of them stand in a shard."""
    path = min(folder.glob("train-*.bin"))
    data = bytearray(path.read_bytes())

    def enlarge(manifest: Any) -> None:
        manifest["vocab_size"] += 7
        data[:4] = (manifest["vocab_size"] - 1).to_bytes(2, "little") * 2

    edit_json(folder / "manifest.json", enlarge)
    path.write_bytes(bytes(data))
