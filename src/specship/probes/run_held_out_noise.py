"""Noise of the held-out loss against the improvement that early stopping looks for."""

from __future__ import annotations

from specship.pipeline.training.run_reading import read_evaluations, read_run
from specship.probes.probe import Artifact, Figures, probe


@probe(
    "run.held_out_noise",
    checked="evaluations",
    evaluations="evaluations",
    largest_over_improvement="ratio",
    largest_standard_error="nats/token",
    fewest_tokens="tokens",
    fewest_sequences="sequences",
    patience="evaluations",
)
def run_held_out_noise(run: Artifact) -> Figures:
    """Largest standard error of an evaluation over `min_improvement`; above 1, noise decides.

    Raises:
        DamagedArtifact: the evaluations or the record of the run cannot be read.
    """
    settings = read_run(run.path).config.training
    found = read_evaluations(run.path)
    worst = max(float(evaluation["standard_error"]) for evaluation in found)
    return {
        "evaluations": len(found),
        "largest_over_improvement": worst / settings.min_improvement,
        "largest_standard_error": worst,
        "fewest_tokens": min(int(evaluation["val_tokens"]) for evaluation in found),
        "fewest_sequences": min(int(evaluation["sequences"]) for evaluation in found),
        "patience": settings.patience,
    }
