"""Whether the score of an evaluation is the one of its samples, all of them, where no checkpoint is here."""

from __future__ import annotations

from specship.errors import NotRecorded
from specship.probes.probe import Artifact, Figures, probe

_UNTOLD = NotRecorded(
    "nobody said what the harness calls the model",
    mend="say `model` under `evaluated_alone`, or measure evaluation.integrity against the checkpoint",
)


@probe(
    "evaluation.samples",
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
    foreign_model="results",
    partial_runs="results",
)
def evaluation_samples(evaluation: Artifact) -> Figures:
    """Recompute the score from its samples, and hold the model's name against the declared one.

    `value_difference` and `error_difference` lie between what is stated and what the samples give.
    `errors` are samples without an answer: neither right nor wrong; `scored_errors` are those that count
    all the same. `altered_samples` are not what their own digests name, `reordered` is one where all
    together are not. `partial_runs` is one for a run with a limit, or without an end, `foreign_model` for
    one whose model the harness calls otherwise. Raises NotRecorded without samples, DamagedArtifact.
    """
    from specship.pipeline.evaluation.results.receiving import foreign_model, read_evaluation
    from specship.pipeline.evaluation.results.recounting import recounted

    received, result = read_evaluation(evaluation.path)
    foreign = int(foreign_model(received, result)) if received.model else _UNTOLD
    return {**recounted(result), "foreign_model": foreign}
