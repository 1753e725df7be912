"""Republication: the publish folder of a model that was taken over, the quantized file beside the exact."""

from __future__ import annotations

from specship.pipeline.publication.republishing import RepublicationSettings, republish
from specship.pipeline.stage import Stage, Work

STAGE = Stage(
    makes="publication",
    name="republication",
    lifecycle="publish",
    needs=("checkpoint", "gguf", "quantized"),
    settings={"republication": RepublicationSettings},
)


def run(work: Work) -> None:
    """Copy every tested file, describe and list.

    Raises:
        UnusableInput: nothing says where the checkpoint came from.
        CannotWrite: the disk is full or refuses.
    """
    republish(work)
