"""A shard of an earlier run lies beside those that were written."""

from __future__ import annotations

from pathlib import Path

from specship.faults.fault import Fault

FAULT = Fault(row="C8", stage="shards")


def plant(folder: Path) -> None:
    """It is in no manifest."""
    (folder / "train-00099.bin").write_bytes(b"\0" * 64)
