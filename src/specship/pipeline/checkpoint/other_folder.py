"""A checkpoint folder of a family that transformers computes: accounted for here, opened there.

The headers are read and held against the class's own table before a library sees the folder; the process
that gave the table is the one that computes later.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from specship.pipeline.checkpoint.folder import StoredFolder, sound_tensors
from specship.pipeline.checkpoint.inventory import account
from specship.pipeline.model.transformers_process import TransformersProcess


@dataclass(frozen=True, slots=True)
class OtherFolder(StoredFolder):
    """An opened checkpoint, and the process that can compute it."""

    engine: str
    process: TransformersProcess


def open_other_folder(folder: Path, process: TransformersProcess | None = None) -> OtherFolder:
    """Open a folder of a family without a decoder of ours; nothing is loaded yet.

    It is computed in `process` where one is given, which is left to whoever gave it.

    Raises:
        UnusableInput: pickled weights, an unknown family, or one that transformers refuses.
        DamagedArtifact: the configuration or the weights are missing, cut short or contradict each other.
        RequirementMissing: transformers is not installed.
        StageFailed: its process crashed or did not end.
    """
    process = process or TransformersProcess(folder)
    found = account(folder, opened=False, process=process)
    return OtherFolder(
        folder, found.model.shape, sound_tensors(found), found.files, found.model.engine, process
    )
