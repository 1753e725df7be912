"""Imported: the checkpoint of a model that takes over the artifact `foreign` of another one."""

from __future__ import annotations

from specship.pipeline.stage import Settings, Stage, Work


class ImportedSettings(Settings):
    """What is said of it."""

    source: str
    """Where it came from, in words; stands in its provenance and in what is published."""


STAGE = Stage(
    makes="checkpoint",
    name="imported",
    lifecycle="checkpoint",
    needs=("foreign",),
    settings={"imported": ImportedSettings},
)


def run(work: Work) -> None:
    """Account for every tensor, and write one file.

    Raises:
        DamagedArtifact: a tensor does not fit.
    """
    from specship.pipeline.publication.checkpoint_takeover import take_over

    found = take_over(work.inputs["foreign"], work.output, work.settings["imported"].source)
    work.report(1, 1, "checkpoints", tensors=len(found.tensors))
