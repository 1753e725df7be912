"""Shards: the documents of both splits as token ids, each document followed by the separator."""

from __future__ import annotations

from specship.pipeline.shards.encoding import ShardsSettings, encode_shards
from specship.pipeline.stage import Stage, Work

STAGE = Stage(
    makes="shards",
    lifecycle="tokenizer",
    needs=("corpus", "tokenizer"),
    settings={"shards": ShardsSettings},
    packages=("tokenizers", "numpy"),
    resumes=True,
)


def run(work: Work) -> None:
    """Encode every document and write the shards; the manifest comes last.

    Raises:
        DamagedArtifact: the corpus or the tokenizer cannot be read.
        CannotWrite: the disk is full or refuses.
    """
    encode_shards(work)
