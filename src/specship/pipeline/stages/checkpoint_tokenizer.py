"""Checkpoint tokenizer: that of a checkpoint which was not trained here, for everything that encodes text."""

from __future__ import annotations

from specship.pipeline.stage import Stage, Work

STAGE = Stage(
    makes="tokenizer",
    name="checkpoint_tokenizer",
    lifecycle="tokenizer",
    needs=("checkpoint",),
    comes_with=("received", "imported"),
)


def run(work: Work) -> None:
    """Copy the tokenizer's files, byte by byte: the ids of the text must be those that the weights know.

    Raises:
        DamagedArtifact: the checkpoint has no tokenizer.
    """
    from specship.pipeline.tokenizer.copying import copy_tokenizer

    copy_tokenizer(work.inputs["checkpoint"], work.output)
    work.report(1, 1, "tokenizers")
