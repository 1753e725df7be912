"""Corpus: licensed text without duplicates, split by document into training and held-out."""

from __future__ import annotations

from specship.pipeline.corpus.making import make_from_settings, source_digest
from specship.pipeline.corpus.settings import CorpusSettings
from specship.pipeline.stage import Stage, Work

STAGE = Stage(
    makes="corpus",
    lifecycle="corpus",
    settings={"corpus": CorpusSettings},
    packages=("rensa", "numpy"),
    outside=source_digest,
    resumes=True,
)


def run(work: Work) -> None:
    """Make the corpus.

    Raises:
        RequirementMissing: the folder of text is not on this machine.
        UnusableInput: nothing is left for one of the splits.
        CannotWrite: the disk is full or refuses.
    """
    make_from_settings(work)
