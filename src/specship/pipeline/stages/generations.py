"""Generations: function bodies that the checkpoint writes after held-out headers."""

from __future__ import annotations

from specship.pipeline.evaluation.generations import GenerationSettings, complete_held_out
from specship.pipeline.stage import Stage, Work

STAGE = Stage(
    makes="generations",
    lifecycle="inference",
    needs=("checkpoint", "corpus"),
    settings={"generations": GenerationSettings},
    packages=("torch", "tokenizers", "numpy"),
)


def run(work: Work) -> None:
    """Complete the prompts.

    Raises:
        UnusableInput: the checkpoint cannot be used, or the held-out documents give too few prompts.
        RequirementMissing: the device is not here.
    """
    complete_held_out(work)
