"""What a run of several processes keeps of each of them, and the check that they train one model."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from specship.digests import sha256_bytes
from specship.json_log import repair
from specship.pipeline.parallel.beats import RANKS
from specship.pipeline.parallel.group import RankGroup, weights_sum
from specship.pipeline.placement.records import Placement
from specship.pipeline.training.run_folder import RunFolder
from specship.pipeline.training.run_reading import ParallelRecord, RankRecord
from specship.pipeline.training.trainer import TrainingAborted
from specship.strict_json import read_json

WORKER_GONE: Final = "worker gone"
"""How the reason begins where a process that trained along did not come to an exchange."""


def own_folder(output: Path, group: RankGroup) -> Path:
    """Where this process writes its logs: the run for the first one, a new folder in it for the others."""
    if group.is_main:
        return output
    path = output / RANKS / f"rank-{group.rank}"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def this_rank(group: RankGroup, placement: Placement) -> RankRecord:
    """This process, for the record."""
    return RankRecord(
        rank=group.rank,
        host=sha256_bytes(platform.node().encode()),
        pid=os.getpid(),
        device=placement.kind,
        device_name=placement.card.name if placement.card else "",
        uuid=placement.computed_on,
    )


def told_of(group: RankGroup, own: RankRecord, busy_seconds: float) -> dict[str, Any] | None:
    """The `parallel` of a run's record; every process asks, and None where there is but one."""
    if group.alone:
        return None
    ranks = group.all_of(own.model_copy(update={"busy_seconds": busy_seconds}))
    slowest = max(ranks, key=lambda one: one.busy_seconds)
    fastest = min(one.busy_seconds for one in ranks)
    return ParallelRecord(
        world_size=group.world,
        sharing=group.sharing,
        backend=group.backend,
        ranks=tuple(ranks),
        slowest_rank=slowest.rank,
        slowest_over_fastest=slowest.busy_seconds / fastest if fastest else 1.0,
    ).model_dump()


def refuse_unlike_weights(group: RankGroup, parameters: Sequence[Tensor], step: int) -> None:
    """See that all processes hold the same weights, bit for bit; where they are cut there is but one copy.

    Raises:
        TrainingAborted: they do not.
    """
    if group.alone or group.sharing == "fsdp":
        return
    sums = group.all_of(weights_sum(parameters))
    common = max(set(sums), key=sums.count)
    if apart := [rank for rank, one in enumerate(sums) if one != common]:
        named = ", ".join(map(str, apart))
        others = "the rest" if sums.count(common) > 1 else f"rank {sums.index(common)}"
        raise TrainingAborted("weights differ", f"rank {named} holds other weights than {others}", step)


def write_worker_gone(output: Path, reason: str, *, rank: int | None) -> int:
    """End a run in the place of a first process that can no more; returns the steps that are saved."""
    record = read_json(output / "run.json")
    repair(output / "events.jsonl", lambda _line: True)
    folder = RunFolder(output, record)
    try:
        folder.event("worker_gone", record["steps_done"], reason=reason, rank=rank)
        folder.update(status="aborted", reason=f"{WORKER_GONE}: {reason}")
    finally:
        folder.close()
    return int(record["steps_done"])


def speak_for_the_first(output: Path, group: RankGroup, reason: str) -> None:
    """Write the end of a run whose first process is missing, unless it wrote one itself."""
    if group.is_main or not group.speaks or read_json(output / "run.json")["status"] != "running":
        return
    write_worker_gone(output, reason.removeprefix(f"{WORKER_GONE}: "), rank=0)
