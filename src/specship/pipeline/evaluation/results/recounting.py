"""What the samples of a result come to, held against what the result states."""

from __future__ import annotations

from typing import Any

from specship.pipeline.evaluation.results.records import HarnessResult


def recounted(result: HarnessResult) -> dict[str, Any]:
    """Figures of the samples by the names that the probes give them.

    `value_difference` and `error_difference` lie between what is stated and what the samples give. `errors`
    are samples without an answer, neither right nor wrong; `scored_errors` those that count all the same.
    `altered_samples` are not what their own digests name, `reordered` is one where all together are not.
    `partial_runs` is one for a run with a limit, or without an end.

    Raises:
        NotRecorded: it has no samples.
    """
    samples = result.asked
    keys = {sample.key for sample in samples}
    errors = [sample for sample in samples if sample.error]
    scored_errors = sum(sample.outcome is not None for sample in errors)
    surplus = max(0, (result.answered or 0) - len(result.scores))
    dataset, mean, error = result.dataset, result.mean, result.error_of_mean
    stated = result.standard_error
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
        "value_difference": None if mean is None else abs(result.value - mean),
        "error_difference": None if error is None or stated is None else abs(stated - error),
        "partial_runs": int(bool(result.limited or result.unfinished)),
        "notes": [f"{sample.place}: {sample.error}" for sample in errors],
    }
