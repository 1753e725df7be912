"""Memory is that of the work alone: what a process once had and gave back is not counted."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from specship.pipeline.planning import memory_use
from specship.pipeline.planning.memory_use import MemoryWatch

MIB = 1 << 20
CPU = torch.device("cpu")


def test_a_peak_before_the_work_is_not_the_works() -> None:
    bytearray(300 * MIB).find(b"x")
    watch = MemoryWatch(CPU)
    bytearray(100 * MIB).find(b"x")
    used = watch.use()

    assert 90 * MIB < used.most - used.before < 200 * MIB
    assert not used.since_start


def test_where_no_peak_can_be_forgotten_the_whole_process_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory_use, "_FORGET", tmp_path / "no/such/file")
    bytearray(300 * MIB).find(b"x")
    used = MemoryWatch(CPU).use()

    assert used.since_start
    assert used.most > used.before + 200 * MIB
