"""The learning rate of every record against the closed form of the settings, recorded or declared."""

from __future__ import annotations

from specship.pipeline.run_logs.needs import judged_facts, on_word, steps_with, unrecorded
from specship.pipeline.run_logs.planned_rates import beside_the_plan
from specship.probes.probe import Artifact, Figures, probe


@probe(
    "run.schedule",
    checked="steps",
    steps="steps",
    largest_deviation="ratio",
    distinct_rates="rates",
    lowest_over_highest="ratio",
)
def run_schedule(run: Artifact) -> Figures:
    """How far any step's rate lies from the schedule, relative to the peak rate.

    `distinct_rates` and `lowest_over_highest` (after warm-up) show that the schedule moved at
    all: a constant rate under a schedule's name once trained for months. Logs of other programs may give the
    rate of the next step; whichever of the two fits more records is meant.

    Raises:
        DamagedArtifact: the log or the record of the run cannot be read.
        NotRecorded: nothing says what the schedule was meant to be, or no record has a rate.
    """
    facts = judged_facts(run.path)
    schedule = facts.schedule
    if schedule is None or not schedule.whole:
        raise unrecorded(facts, "schedule")
    worst, place = 0.0, ""
    rated = beside_the_plan(steps_with(facts, "lr"), schedule, facts.kind)
    for record, rate, expected in rated:
        deviation = abs(rate - expected) / schedule.peak
        if not deviation <= worst:
            worst, place = deviation, f"{record.line}: lr {rate:.6g}, schedule {expected:.6g}"
    after = [rate for record, rate, _ in rated if record.step > schedule.warmup_steps]
    return {
        "steps": len(rated),
        "largest_deviation": worst,
        "distinct_rates": len({rate for _, rate, _ in rated}),
        "lowest_over_highest": min(after) / max(after) if after and max(after) > 0 else None,
        "notes": ([place] if place else []) + on_word(facts, "schedule"),
    }
