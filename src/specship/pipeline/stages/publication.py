"""Publication: the folder as it would be uploaded: the very files that were tested, card and manifest."""

from __future__ import annotations

from specship.pipeline.publication.publishing import PublicationSettings, publish
from specship.pipeline.stage import Stage, Work

STAGE = Stage(
    makes="publication",
    lifecycle="publish",
    needs=("corpus", "tokenizer", "checkpoint", "gguf"),
    settings={"publication": PublicationSettings},
)


def run(work: Work) -> None:
    """Copy, describe and list.

    Raises:
        UnusableInput: the checkpoint carries another tokenizer, or a part is missing.
        CannotWrite: the disk is full or refuses.
    """
    publish(work)
