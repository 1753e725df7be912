"""A shard of tokens has other bytes than were written."""

from __future__ import annotations

from pathlib import Path

from specship.faults._bytes import flip_a_bit
from specship.faults.fault import Fault

FAULT = Fault(row="C8", stage="shards")


def plant(folder: Path) -> None:
    """One bit in the middle of a shard."""
    flip_a_bit(min(folder.glob("train-*.bin")))
