"""Evaluation: a result of lm-evaluation-harness or Inspect, bound to the checkpoint that it is about."""

from __future__ import annotations

from specship.pipeline.evaluation.results.receiving import EvaluatedSettings, digest_outside
from specship.pipeline.stage import Stage, Work

STAGE = Stage(
    makes="evaluation",
    lifecycle="eval",
    needs=("checkpoint",),
    settings={"evaluated": EvaluatedSettings},
    outside=digest_outside("evaluated"),
)


def run(work: Work) -> None:
    """Copy what is judged, and say what it is held against.

    Raises:
        RequirementMissing: the result is not there.
        UnusableInput: it is about other weights, another template or tokenizer, or a part of the samples.
        DamagedArtifact: it cannot be read.
    """
    from specship.pipeline.evaluation.results.receiving import receive_evaluation

    found = receive_evaluation(work.settings["evaluated"], work.inputs["checkpoint"], work.output)
    work.report(1, 1, "results", samples=len(found.samples or ()))
