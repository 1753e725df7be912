"""Gradient norms before and after clipping, against the limit of the settings."""

from __future__ import annotations

from specship.errors import NotRecorded
from specship.pipeline.run_logs.needs import judged_facts, on_word, steps_with, wanted
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
        NotRecorded: the limit is not on record, or no norm is.
    """
    facts = judged_facts(run.path)
    limit = wanted(facts, "clip_norm")
    before = [step.grad_norm or 0.0 for step in steps_with(facts, "grad_norm")]
    figures: Figures = {
        "steps": len(before),
        "largest_before_over_limit": max(before) / limit,
        "clipped_share": sum(norm > limit for norm in before) / len(before),
    }
    notes = on_word(facts, "clip_norm")
    try:
        steps = steps_with(facts, "grad_norm", "clipped_norm")
    except NotRecorded as error:
        return figures | {"largest_after_over_limit": error, "altered_below_limit": error, "notes": notes}
    pairs = [(step.grad_norm or 0.0, step.clipped_norm or 0.0) for step in steps]
    worst = max(range(len(pairs)), key=lambda index: pairs[index][1])
    return figures | {
        "largest_after_over_limit": pairs[worst][1] / limit,
        "altered_below_limit": sum(
            before <= limit and abs(after - before) > 1e-4 * limit for before, after in pairs
        ),
        "notes": [f"step {steps[worst].step}: norm {pairs[worst][1]:.6g} after clipping", *notes],
    }
