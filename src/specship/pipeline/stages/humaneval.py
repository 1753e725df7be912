"""HumanEval: the checkpoint's own completions, written and scored, once a run."""

from __future__ import annotations

from specship.pipeline.evaluation.humaneval.runs import HumanEvalSettings, problems_digest, run_humaneval
from specship.pipeline.stage import Stage, Work

STAGE = Stage(
    makes="humaneval",
    lifecycle="eval",
    needs=("checkpoint",),
    settings={"humaneval": HumanEvalSettings},
    packages=("torch", "tokenizers", "numpy"),
    resumes=True,
    outside=problems_digest,
)


def run(work: Work) -> None:
    """Write and score, run after run.

    Raises:
        DamagedArtifact: the problem file, or what an earlier attempt left, cannot be read.
        UnusableInput: the checkpoint cannot be used.
        RequirementMissing: the device is not here, or generated code cannot be contained on this machine.
    """
    run_humaneval(work)
