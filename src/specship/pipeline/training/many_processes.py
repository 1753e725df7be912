"""A run by several processes of this host: they are started, watched, and their end is the run's."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from specship.errors import StageFailed
from specship.pipeline.parallel.group import RankGroup, Sharing
from specship.pipeline.parallel.supervisor import GroupEnd, Supervisor
from specship.pipeline.progress import Progress
from specship.pipeline.training.ranks import WORKER_GONE, write_worker_gone
from specship.pipeline.training.settings import Recipe
from specship.pipeline.training.termination import TerminationWatch
from specship.pipeline.training.training import TrainingOutcome


def pretrain_in_processes(
    recipe: Recipe,
    tokenizer: Path,
    shards: Path,
    output: Path,
    report: Progress,
    *,
    processes: int,
    sharing: Sharing = "ddp",
    silence_seconds: float = 600.0,
    initial: Path | None = None,
    bypasses: Sequence[Mapping[str, Any]] = (),
    watch: TerminationWatch,
) -> TrainingOutcome:
    """As `pretrain`, by several processes: same global batch, order of data and checkpoints.

    A process that dies, that fails, or that the others wait for longer than `silence_seconds` ends the run
    as `aborted`, with its rank and what it did; the last checkpoint is usable, and the same call goes on
    from it.

    Raises:
        UnusableInput: the sequences of a step cannot be parted among so many.
        StageFailed: it ended before there was a run.
    """
    training = recipe.training
    RankGroup(world=processes).share(training.micro_batch, training.accumulation)
    output.mkdir(parents=True, exist_ok=True)
    request = {
        "recipe": recipe.as_json(),
        "tokenizer": str(tokenizer.absolute()),
        "shards": str(shards.absolute()),
        "output": str(output.absolute()),
        "initial": str(initial.absolute()) if initial else None,
        "bypasses": [dict(one) for one in bypasses],
        "sharing": sharing,
        "timeout_seconds": 2 * silence_seconds,  # the parent is to see it first, for it sees more
    }
    told: list[dict[str, Any]] = []
    passed: list[str] = []
    with watch:
        group = Supervisor("specship.pipeline.training.worker", request, world=processes, run=output)
        reader = threading.Thread(target=_listen, args=(group.output, report, told), daemon=True)
        reader.start()

        def pass_on() -> None:
            if watch.asked and not passed:
                passed.append(watch.signal_name)
                group.tell(signal.Signals[watch.signal_name])

        end = group.wait(silence_seconds=silence_seconds, looked=pass_on)
        reader.join()
    if end.culprit is None and told:
        outcome = told[-1]
        return TrainingOutcome(outcome["status"], outcome["reason"], outcome["steps_done"])
    return _write_end(output, end)


def _listen(output: IO[str], report: Progress, told: list[dict[str, Any]]) -> None:
    for line in output:
        event = json.loads(line)
        if event["event"] == "progress":
            report(event["done"], event["total"], event["unit"], **event["figures"])
        else:
            told.append(event)


def _write_end(output: Path, end: GroupEnd) -> TrainingOutcome:
    """What ended the group, in the run's own record.

    Raises:
        StageFailed: there is no run yet.
    """
    reason = end.reason or "the processes ended without an outcome"
    if not (output / "run.json").is_file():
        raise StageFailed(
            reason, at=output, why="there is no run to go on from", mend="mend that and start again"
        )
    steps = write_worker_gone(output, reason, rank=end.culprit)
    return TrainingOutcome("aborted", f"{WORKER_GONE}: {reason}", steps)
