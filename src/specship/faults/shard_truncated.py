"""The last tokens of a shard are missing."""

from __future__ import annotations

from pathlib import Path

from specship.faults.fault import Fault

FAULT = Fault(row="C8", stage="shards")


def plant(folder: Path) -> None:
    """The last training shard ends 1 000 tokens early."""
    path = max(folder.glob("train-*.bin"))
    path.write_bytes(path.read_bytes()[:-2000])
