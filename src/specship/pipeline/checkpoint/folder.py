"""A checkpoint folder: a plain Hugging Face folder of a decoder, opened with distrust.

    config.json  model.safetensors  tokenizer.json  and whatever else lies beside them

Weights come from safetensors only; pickled weights run code when they are opened. The header and
every shape are checked against the configuration before a tensor is read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from specship.digests import digest_of, sha256_file
from specship.errors import DamagedArtifact
from specship.pipeline.checkpoint.inventory import Inventory, account
from specship.pipeline.checkpoint.safetensors_header import StoredTensor
from specship.pipeline.checkpoint.weight_files import CONFIG, WEIGHTS, HeldTensor, counted
from specship.pipeline.model.decoder_shape import DecoderShape, TextShape
from specship.pipeline.model.reading import OURS, read_model
from specship.pipeline.tokenizer.opening import open_tokenizer

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer

_NUMPY_DTYPES: Final = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "F64": "<f8"}


@dataclass(frozen=True, slots=True)
class StoredFolder:
    """An opened checkpoint: its sizes, and where each tensor stands."""

    kind: ClassVar[str] = "folder"
    path: Path
    shape: TextShape
    held: Mapping[str, HeldTensor]
    """Every tensor that belongs to it, and the file that holds it; a tied head is not among them."""
    files: tuple[str, ...]
    """Files of the weights."""

    @property
    def tensors(self) -> Mapping[str, StoredTensor]:
        """Every tensor that belongs to it."""
        return {name: held.stored for name, held in self.held.items()}

    def weights_digest(self) -> str:
        """Hex sha256 of the weights file; of the names and sums of several, where there are several."""
        if self.files == (WEIGHTS,):
            return sha256_file(self.path / WEIGHTS)
        return digest_of({name: sha256_file(self.path / name) for name in self.files})

    def array(self, name: str) -> np.ndarray[Any, Any]:
        """One tensor as float16, float32 or float64; bfloat16 is widened to float32, which loses nothing."""
        import numpy as np

        stored, path = self.held[name].stored, self.path / self.held[name].file
        count = math.prod(stored.shape)
        flat = np.fromfile(path, dtype=_NUMPY_DTYPES[stored.dtype], count=count, offset=stored.offset)
        if len(flat) != count:
            raise DamagedArtifact(
                f"{name} ends early", at=path, why="the file changed while it was read", mend="open it again"
            )
        return numbers(flat, stored.dtype).reshape(stored.shape)

    def tokenizer(self) -> Tokenizer:
        """The tokenizer that lies in the folder.

        Raises:
            UnusableInput: it leaves out merges at random.
            DamagedArtifact: there is none, or it cannot be read.
        """
        return open_tokenizer(self.path)


@dataclass(frozen=True, slots=True)
class CheckpointFolder(StoredFolder):
    """One of a family that is computed here."""

    engine: ClassVar[str] = OURS
    shape: DecoderShape


def numbers(data: bytes | np.ndarray[Any, Any], dtype: str) -> np.ndarray[Any, Any]:
    """Stored bytes as a list of float32 or float16; bfloat16 is widened to float32, which loses nothing."""
    import numpy as np

    raw = np.frombuffer(data, dtype=_NUMPY_DTYPES[dtype])
    return (raw.astype("<u4") << 16).view("<f4") if dtype == "BF16" else raw


def open_any_checkpoint(folder: Path, *, tokenizer: bool = True) -> CheckpointFolder:
    """Open a checkpoint folder of any known family, in one file or in shards; nothing is loaded yet.

    Without `tokenizer` that file is not looked at, for callers that read it themselves.

    Raises:
        UnusableInput: pickled weights, an unknown family, or a feature that the decoder does not have.
        DamagedArtifact: the configuration or the weights are missing, cut short or contradict each other.
    """
    found = account(folder, tokenizer=tokenizer, opened=False)
    shape, held = found.model.shape, sound_tensors(found)
    assert isinstance(shape, DecoderShape)  # noqa: S101 - `account` knows ours alone where it is not told else
    return CheckpointFolder(folder, shape, held, found.files)


def sound_tensors(found: Inventory) -> Mapping[str, HeldTensor]:
    """Every tensor that belongs to a model, of an inventory in which everything fits.

    Raises:
        DamagedArtifact: something does not.
    """
    if found.misfits:
        first = found.misfits[0]
        raise DamagedArtifact(
            f"{counted(found.misfits)}, first {first.name} {first.message}",
            at=found.path,
            why=f"the weights must be those that {CONFIG} describes; what is skipped would stay random",
            mend=f"{first.mend}; see all of it: specship import checkpoint {found.path}",
        )
    return {name: found.tensors[name] for name in found.model.tensors()}


def read_shape(path: Path) -> DecoderShape:
    """The shape that a `config.json` of any known family describes.

    Raises:
        UnusableInput: another architecture, or a feature this decoder does not have.
        DamagedArtifact: missing, unreadable, or a field that is missing or impossible.
    """
    return read_model(path).shape
