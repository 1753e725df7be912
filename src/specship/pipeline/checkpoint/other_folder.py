"""A checkpoint folder of a family that transformers computes: accounted for here, opened there.

The headers are read and held against the class's own table before a library sees the folder; the process
that gave the table is the one that computes later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from specship.digests import digest_of, sha256_file
from specship.errors import DamagedArtifact
from specship.pipeline.checkpoint.inventory import account
from specship.pipeline.checkpoint.safetensors_header import StoredTensor
from specship.pipeline.checkpoint.weight_files import CONFIG, HeldTensor, counted
from specship.pipeline.model.decoder_shape import TextShape
from specship.pipeline.model.transformers_process import TransformersProcess
from specship.pipeline.tokenizer.opening import open_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class OtherFolder:
    """An opened checkpoint: its sizes, its tensors, and the process that can compute it."""

    kind: ClassVar[str] = "folder"
    path: Path
    shape: TextShape
    engine: str
    held: Mapping[str, HeldTensor]
    """Every tensor that belongs to it, and the file that holds it."""
    files: tuple[str, ...]
    process: TransformersProcess

    @property
    def tensors(self) -> Mapping[str, StoredTensor]:
        """Every tensor that belongs to it; a tied head is not among them."""
        return {name: held.stored for name, held in self.held.items()}

    def weights_digest(self) -> str:
        """Hex sha256 of the weights file; of the names and sums of several, where there are several."""
        if len(self.files) == 1:
            return sha256_file(self.path / self.files[0])
        return digest_of({name: sha256_file(self.path / name) for name in self.files})

    def tokenizer(self) -> Tokenizer:
        """The tokenizer that lies in the folder.

        Raises:
            UnusableInput: it leaves out merges at random.
            DamagedArtifact: there is none, or it cannot be read.
        """
        return open_tokenizer(self.path)


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
    if found.misfits:
        first = found.misfits[0]
        raise DamagedArtifact(
            f"{counted(found.misfits)}, first {first.name} {first.message}",
            at=folder,
            why=f"the weights must be those that {CONFIG} describes; what is skipped would stay random",
            mend=f"{first.mend}; see all of it: specship import checkpoint {folder}",
        )
    kept = {name: held for name, held in found.tensors.items() if name not in found.redundant}
    return OtherFolder(folder, found.model.shape, found.model.engine, kept, found.files, process)
