"""Foreign: the checkpoint as another tool would hand it over."""

from __future__ import annotations

from specship.pipeline.publication.foreign_checkpoint import ForeignSettings, save_as_foreign
from specship.pipeline.stage import Stage, Work

STAGE = Stage(
    makes="foreign",
    lifecycle="checkpoint",
    needs=("checkpoint", "corpus"),
    settings={"foreign": ForeignSettings},
    packages=("torch", "transformers", "tokenizers", "safetensors"),
)


def run(work: Work) -> None:
    """Open, change and save.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    save_as_foreign(work)
