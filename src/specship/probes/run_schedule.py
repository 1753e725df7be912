"""The learning rate of every step against the closed form of the recorded settings."""

from __future__ import annotations

from specship.pipeline.training.run_reading import read_run, read_steps
from specship.pipeline.training.schedule import learning_rate
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
    all: a constant rate under a schedule's name once trained for months.

    Raises:
        DamagedArtifact: the log or the record of the run cannot be read.
    """
    settings = read_run(run.path).config.training
    records = read_steps(run.path)
    worst, place = 0.0, ""
    for line, record in enumerate(records, start=1):
        expected = learning_rate(
            record["step"],
            peak=settings.peak,
            floor=settings.floor,
            warmup_steps=settings.warmup,
            planned_steps=settings.steps,
        )
        deviation = abs(record["lr"] - expected) / settings.peak
        if not deviation <= worst:
            worst, place = deviation, f"line {line}: lr {record['lr']:.6g}, schedule {expected:.6g}"
    after = [record["lr"] for record in records if record["step"] > settings.warmup]
    return {
        "steps": len(records),
        "largest_deviation": worst,
        "distinct_rates": len({record["lr"] for record in records}),
        "lowest_over_highest": min(after) / max(after) if after and max(after) > 0 else None,
        "notes": [place] if place else [],
    }
