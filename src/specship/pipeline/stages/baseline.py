"""Baseline: what a smoothed bigram model of the same tokens loses on the same held-out tokens."""

from __future__ import annotations

from specship.pipeline.shards.baseline import BaselineSettings, score_bigrams
from specship.pipeline.stage import Stage, Work

STAGE = Stage(
    makes="baseline",
    lifecycle="train",
    needs=("shards",),
    settings={"baseline": BaselineSettings},
    packages=("numpy",),
)


def run(work: Work) -> None:
    """Fit on training tokens, score held-out tokens, write `bigram.json`.

    Raises:
        DamagedArtifact: the shards disagree with their manifest.
        UnusableInput: there are too few tokens.
    """
    score_bigrams(work)
