"""Tokenizer: byte-level BPE learned from training documents only, as a Hugging Face folder."""

from __future__ import annotations

from specship.pipeline.stage import Stage, Work
from specship.pipeline.tokenizer.training import TokenizerSettings, train_tokenizer

STAGE = Stage(
    makes="tokenizer",
    lifecycle="tokenizer",
    needs=("corpus",),
    settings={"tokenizer": TokenizerSettings},
    packages=("tokenizers",),
)


def run(work: Work) -> None:
    """Train the tokenizer and write its folder.

    Raises:
        UnusableInput: the text is too small for the vocabulary.
        DamagedArtifact: the corpus cannot be read.
    """
    train_tokenizer(work)
