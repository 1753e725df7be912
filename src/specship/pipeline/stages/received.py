"""Received: the checkpoint of a model that takes over a folder which lies beside the project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specship.digests import digest_of, sha256_file
from specship.errors import RequirementMissing
from specship.pipeline.stage import Settings, Stage, Work


class ReceivedSettings(Settings):
    """What is taken over."""

    folder: str
    """A Hugging Face folder, relative to the project."""
    source: str
    """Where it came from, in words; stands in its provenance and in what is published."""


def _outside(settings: Mapping[str, Any], project: Path) -> str:
    """Digest of the names and bytes of all files of the folder; of none, where there is no folder."""
    folder = project / str(settings["received"].get("folder"))
    listed = sorted(path for path in folder.rglob("*") if path.is_file())
    return digest_of([(path.relative_to(folder).as_posix(), sha256_file(path)) for path in listed])


STAGE = Stage(
    makes="checkpoint",
    name="received",
    lifecycle="checkpoint",
    settings={"received": ReceivedSettings},
    outside=_outside,
)


def run(work: Work) -> None:
    """Account for every tensor, and write one file.

    Raises:
        RequirementMissing: the folder is not there.
        DamagedArtifact: a tensor does not fit.
    """
    from specship.pipeline.publication.checkpoint_takeover import take_over

    settings: ReceivedSettings = work.settings["received"]
    folder = Path(settings.folder)
    if not folder.is_dir():
        raise RequirementMissing(
            "the checkpoint that is to be taken over is not there",
            at=folder,
            why="nothing is fetched from a hub while something is measured",
            mend="put the folder there, then run again",
        )
    found = take_over(folder, work.output, settings.source)
    work.report(1, 1, "checkpoints", tensors=len(found.tensors))
