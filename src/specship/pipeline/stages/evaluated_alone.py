"""Evaluated alone: a harness's result whose model is not here; nothing binds it to weights."""

from __future__ import annotations

from specship.pipeline.evaluation.results.receiving import EvaluatedAloneSettings, digest_outside
from specship.pipeline.stage import Stage, Work

STAGE = Stage(
    makes="evaluation",
    name="evaluated_alone",
    lifecycle="eval",
    settings={"evaluated_alone": EvaluatedAloneSettings},
    outside=digest_outside("evaluated_alone"),
)


def run(work: Work) -> None:
    """Copy what is judged, and hold the model's name against the declared one.

    Raises:
        RequirementMissing: the result is not there.
        UnusableInput: it is of another model, or a part of the samples.
        DamagedArtifact: it cannot be read.
    """
    from specship.pipeline.evaluation.results.receiving import receive_evaluation

    found = receive_evaluation(work.settings["evaluated_alone"], None, work.output)
    work.report(1, 1, "results", samples=len(found.samples or ()))
