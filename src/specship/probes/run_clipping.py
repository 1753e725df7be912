"""Gradient norms before and after clipping, against the limit of the settings."""

from __future__ import annotations

from specship.pipeline.training.run_reading import read_run, read_steps
from specship.probes.probe import Artifact, Figures, probe


@probe(
    "run.clipping",
    checked="steps",
    steps="steps",
    largest_after_over_limit="ratio",
    largest_before_over_limit="ratio",
    clipped_share="fraction",
    altered_below_limit="steps",
)
def run_clipping(run: Artifact) -> Figures:
    """Largest norm after and before clipping, over the limit.

    `altered_below_limit` counts steps whose gradients were within the limit and were changed all
    the same, by more than rounding.

    Raises:
        DamagedArtifact: the log or the record of the run cannot be read.
    """
    limit = read_run(run.path).config.training.clip_norm
    steps = read_steps(run.path)
    pairs = [(float(step["grad_norm"]), float(step["grad_norm_after_clip"])) for step in steps]
    worst = max(range(len(pairs)), key=lambda index: pairs[index][1])
    return {
        "steps": len(steps),
        "largest_after_over_limit": pairs[worst][1] / limit,
        "largest_before_over_limit": max(before for before, _ in pairs) / limit,
        "clipped_share": sum(before > limit for before, _ in pairs) / len(pairs),
        "altered_below_limit": sum(
            before <= limit and abs(after - before) > 1e-4 * limit for before, after in pairs
        ),
        "notes": [f"step {steps[worst]['step']}: norm {pairs[worst][1]:.6g} after clipping"],
    }
