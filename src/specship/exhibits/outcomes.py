"""What became of each sample of an evaluation by execution."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from specship.errors import SpecshipError
from specship.pipeline.evaluation.humaneval.outcomes import read_shard
from specship.status.exhibits import OutcomeGrid, StageNode, TaskOutcomes


def outcome_grids(root: Path, node: StageNode) -> Iterator[OutcomeGrid]:
    """A grid for each run of an artifact of `humaneval`."""
    folder = root / node.path
    for run in sorted(folder.glob("run-*"), key=lambda path: (len(path.name), path.name)):
        about = {
            "model": node.model, "profile": node.profile, "path": str(run.relative_to(root)),
            "name": f"HumanEval, {run.name.replace('-', ' ')}",
        }  # fmt: skip
        yield grid_of(run / "outcomes.jsonl", about)


def grid_of(path: Path, about: dict[str, str]) -> OutcomeGrid:
    """The outcomes of one file; where it cannot be read, why not."""
    try:
        _, outcomes, sandbox = read_shard(path)
    except (SpecshipError, OSError) as error:
        return OutcomeGrid(**about, tasks=(), note=str(error))
    tasks: dict[str, list[tuple[int, str]]] = {}
    for (task, index), outcome in outcomes.items():
        tasks.setdefault(task, []).append((index, outcome.outcome))
    return OutcomeGrid(
        **about,
        sandbox=str(sandbox["level"]),
        tasks=tuple(
            TaskOutcomes(task=task, outcomes=tuple(outcome for _, outcome in sorted(found)))
            for task, found in sorted(tasks.items(), key=lambda item: (len(item[0]), item[0]))
        ),
    )
