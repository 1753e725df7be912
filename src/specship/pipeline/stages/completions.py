"""Completions: function bodies that the checkpoint writes after short headers which nobody has to look up."""

from __future__ import annotations

from specship.pipeline.evaluation.completions import CompletionSettings, complete_headers
from specship.pipeline.stage import Stage, Work

STAGE = Stage(
    makes="completions",
    lifecycle="inference",
    needs=("checkpoint",),
    settings={"completions": CompletionSettings},
    packages=("torch", "tokenizers", "numpy"),
)


def run(work: Work) -> None:
    """Complete every header as often as asked, each time under another seed.

    Raises:
        UnusableInput: the checkpoint cannot be used.
        RequirementMissing: the device is not here.
    """
    complete_headers(work)
