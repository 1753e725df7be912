"""Time: what the run took, and what its step time projects for the whole plan."""

from __future__ import annotations

import math
import statistics
from typing import Final

from specship.errors import NotRecorded
from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.needs import judged_facts, on_word, steps_with, wanted
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
        NotRecorded: the time of the run is not on record.
    """
    facts = judged_facts(run.path)
    wall = wanted(facts, "wall_seconds")
    figures: Figures = {"steps": len(facts.steps), "wall": wall / _SECONDS_PER_DAY, "wall_seconds": wall}
    notes = on_word(facts, "wall_seconds", "tokens_per_step", "planned_steps", "schedule")
    try:
        times = _times(facts)
        planned = facts.schedule.planned_steps if facts.schedule else wanted(facts, "planned_steps")
    except NotRecorded as error:
        return figures | {"projected": error, "wall_over_logged": error, "notes": notes}
    # Of a log of every k-th step, each record stands for those before it too.
    logged = sum(times) * min(facts.log_every * len(times), facts.steps_by_log) / len(times)
    projected = statistics.median(times) * planned * max(1.0, wall / logged)
    on = f" on {facts.device_name}" if facts.device_name else ""
    return figures | {
        "projected": projected / _SECONDS_PER_DAY,
        "wall_over_logged": wall / logged,
        "notes": [f"median step {statistics.median(times):.4g} s{on}", *notes],
    }


def _times(facts: Facts) -> list[float]:
    """Seconds of each step that is logged; a speed of zero takes for ever."""
    per_step = wanted(facts, "tokens_per_step")
    speeds = [step.tokens_per_second for step in steps_with(facts, "tokens_per_second")]
    return [per_step / speed if speed else math.inf for speed in speeds]
