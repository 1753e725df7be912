"""Received: the checkpoint of a model that takes over a folder which lies beside the project."""

from __future__ import annotations

from pathlib import Path

from specship.pipeline.received.receiving import ReceivedPart, digest_outside, require_received
from specship.pipeline.stage import Stage, Work


class ReceivedSettings(ReceivedPart):
    """What is taken over."""

    folder: str
    """A Hugging Face folder, relative to the project."""


STAGE = Stage(
    makes="checkpoint",
    name="received",
    lifecycle="checkpoint",
    settings={"received": ReceivedSettings},
    outside=digest_outside("received"),
)


def run(work: Work) -> None:
    """Account for every tensor, and write one file.

    Raises:
        RequirementMissing: the folder is not there.
        DamagedArtifact: a tensor does not fit.
    """
    from specship.pipeline.publication.checkpoint_takeover import take_over

    settings: ReceivedSettings = work.settings["received"]
    require_received("checkpoint", settings, settings.folder)
    found = take_over(Path(settings.folder), work.output, settings.source)
    work.report(1, 1, "checkpoints", tensors=len(found.tensors))
