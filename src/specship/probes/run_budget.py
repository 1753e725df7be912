"""Time: what the run took, and what its step time projects for the whole plan."""

from __future__ import annotations

import statistics
from typing import Final

from specship.pipeline.training.run_reading import read_run, read_steps
from specship.probes.probe import Artifact, Figures, probe

_SECONDS_PER_DAY: Final = 86_400.0


@probe(
    "run.budget",
    checked="steps",
    steps="steps",
    wall="days",
    wall_seconds="seconds",
    projected="days",
    wall_over_logged="ratio",
)
def run_budget(run: Artifact) -> Figures:
    """Wall time of the run, and the projection of its median step time over the planned steps.

    The projection is scaled by what evaluations and checkpoints cost beside the steps.
    `wall_over_logged` is the wall time over the sum of the logged steps' own times: below 1, one
    of the two was not measured.

    Raises:
        DamagedArtifact: the log or the record of the run cannot be read.
    """
    record = read_run(run.path)
    times = [record.tokens_per_step / float(step["tokens_per_second"]) for step in read_steps(run.path)]
    logged = sum(times)
    beside = max(1.0, record.wall_seconds / logged)
    projected = statistics.median(times) * record.config.training.steps * beside
    return {
        "steps": len(times),
        "wall": record.wall_seconds / _SECONDS_PER_DAY,
        "wall_seconds": record.wall_seconds,
        "projected": projected / _SECONDS_PER_DAY,
        "wall_over_logged": record.wall_seconds / logged,
        "notes": [f"median step {statistics.median(times):.4g} s on {record.device_name}"],
    }
