"""The same seed gives the same losses, and another seed does not."""

from __future__ import annotations

import statistics
from typing import Any

from specship.pipeline.training.run_reading import read_log, read_run, read_steps
from specship.probes.probe import Artifact, Figures, probe
from specship.strict_json import read_json


@probe(
    "run.seed_replay",
    checked="steps_compared",
    steps_compared="steps",
    largest_difference="nats/token",
    largest_norm_difference="ratio",
    other_seed_steps="steps",
    other_seed_difference="nats/token",
    same_seeds="seeds",
)
def run_seed_replay(run: Artifact, replay: Artifact) -> Figures:
    """Compare the run's first steps with a repetition, and with a run under another seed.

    `other_seed_difference` is the median over its steps. `same_seeds` counts repetitions that
    claim another seed and had the run's own.

    Raises:
        DamagedArtifact: a log of the run or of the replay cannot be read.
    """
    own = {int(step["step"]): step for step in read_steps(run.path)}
    plan = read_json(replay.path / "replay.json")
    same = _paired(own, read_log(replay.path / "same-seed.jsonl"))
    other = _paired(own, read_log(replay.path / "other-seed.jsonl"))
    differences = [_loss_difference(a, b) for a, b in same]
    return {
        "steps_compared": len(same),
        "largest_difference": max(differences, default=None),
        "largest_norm_difference": max(
            (abs(a["grad_norm"] - b["grad_norm"]) / a["grad_norm"] for a, b in same), default=None
        ),
        "other_seed_steps": len(other),
        "other_seed_difference": statistics.median(_loss_difference(a, b) for a, b in other)
        if other
        else None,
        "same_seeds": int(plan["other_seed"]["seed"] == read_run(run.path).seed),
        "notes": [f"the largest difference is at step {_worst(differences) + 1}"] if differences else [],
    }


def _paired(own: dict[int, Any], repeated: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    return [(own[line["step"]], line) for line in repeated if line.get("step") in own]


def _loss_difference(a: dict[str, Any], b: dict[str, Any]) -> float:
    return abs(float(a["train_loss"]) - float(b["train_loss"]))


def _worst(differences: list[float]) -> int:
    return max(range(len(differences)), key=differences.__getitem__)
