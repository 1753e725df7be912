"""Whether the score of an evaluation is the one of its samples, all of them, about this checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specship.probes.probe import Artifact, Figures, probe

if TYPE_CHECKING:
    from specship.pipeline.evaluation.results.records import HarnessResult


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

    `value_difference` and `error_difference` lie between what is stated and what the samples give.
    `errors` are samples without an answer: neither right nor wrong; `scored_errors` are those that count
    all the same. `altered_samples` are not what their own digests name, `reordered` is one where all
    together are not. `partial_runs` is one for a run with a limit, or without an end. Raises NotRecorded
    without samples, DamagedArtifact.
    """
    from specship.pipeline.evaluation.results.receiving import (
        foreign_template,
        foreign_tokens,
        foreign_weights,
        judged_against,
        read_evaluation,
    )

    received, result = read_evaluation(evaluation.path)
    against = judged_against(checkpoint.path, result)
    tokens = foreign_tokens(against, result)
    samples = result.asked
    keys = {sample.key for sample in samples}
    errors = [sample for sample in samples if sample.error]
    scored_errors = sum(sample.outcome is not None for sample in errors)
    surplus = max(0, (result.answered or 0) - len(result.scores))
    dataset = result.dataset
    return {
        "samples": len(samples),
        "dataset_samples": dataset,
        "missing_samples": None if dataset is None else max(0, dataset - len(keys)),
        "repeated_samples": len(samples) - len(keys),
        "unscored_samples": sum(sample.outcome is None and not sample.error for sample in samples),
        "errors": len(errors),
        "scored_errors": max(scored_errors, min(surplus, len(errors))),
        "cut_samples": sum(sample.cut for sample in samples),
        "altered_samples": sum(sample.altered for sample in samples),
        "reordered": int(result.reordered),
        **_differences(result),
        "foreign_weights": int(foreign_weights(received, against, result)),
        "foreign_template": int(foreign_template(received, against, result)),
        "foreign_tokens": len(tokens),
        "partial_runs": int(bool(result.limited or result.unfinished)),
        "notes": [f"{sample.place}: {sample.error}" for sample in errors],
    }


def _differences(result: HarnessResult) -> Figures:
    mean, error = result.mean, result.error_of_mean
    stated = result.standard_error
    return {
        "value_difference": None if mean is None else abs(result.value - mean),
        "error_difference": None if error is None or stated is None else abs(stated - error),
    }
