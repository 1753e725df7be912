"""Whether the score of an evaluation is the one of its samples, all of them, about this checkpoint."""

from __future__ import annotations

from specship.probes.probe import Artifact, Figures, probe


@probe(
    "evaluation.integrity",
    checked="samples",
    samples="samples",
    dataset_samples="samples",
    missing_samples="samples",
    repeated_samples="samples",
    unscored_samples="samples",
    errors="samples",
    scored_errors="samples",
    cut_samples="samples",
    altered_samples="samples",
    reordered="results",
    value_difference="difference",
    error_difference="difference",
    foreign_weights="results",
    foreign_template="results",
    foreign_tokens="tokens",
    partial_runs="results",
)
def evaluation_integrity(checkpoint: Artifact, evaluation: Artifact) -> Figures:
    """Recompute the score from its samples and hold the run against the checkpoint.

    `foreign_weights`, `foreign_template` and `foreign_tokens` count what is another's than the checkpoint's;
    the rest is that of `evaluation.samples`. Raises NotRecorded without samples, DamagedArtifact.
    """
    from specship.pipeline.evaluation.results.receiving import (
        foreign_template,
        foreign_tokens,
        foreign_weights,
        judged_against,
        read_evaluation,
    )
    from specship.pipeline.evaluation.results.recounting import recounted

    received, result = read_evaluation(evaluation.path)
    against = judged_against(checkpoint.path, result)
    return {
        **recounted(result),
        "foreign_weights": int(foreign_weights(received, against, result)),
        "foreign_template": int(foreign_template(received, against, result)),
        "foreign_tokens": len(foreign_tokens(against, result)),
    }
