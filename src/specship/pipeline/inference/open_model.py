"""One opener for whatever can be decoded here: a checkpoint folder or a GGUF file, of any known family.

Both give the same face, so that what decodes, compares or judges a model does not ask where it lies.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from specship.pipeline.checkpoint.folder import open_any_checkpoint
from specship.pipeline.checkpoint.recognition import refuse_unfetched
from specship.pipeline.gguf.model import open_gguf
from specship.pipeline.model.decoder_shape import DecoderShape, TextShape

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer

GGUF_SUFFIX = ".gguf"


class Stored(Protocol):
    """A stored tensor, whatever format it is stored in."""

    @property
    def dtype(self) -> str:
        """The name of its element type, as GGUF and safetensors write it."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes, in NumPy's order."""


class TextModel(Protocol):
    """An opened model, whoever computes it."""

    @property
    def path(self) -> Path:
        """The folder or the file."""

    @property
    def kind(self) -> str:
        """`folder` or `gguf`."""

    @property
    def engine(self) -> str:
        """What computes it: our own decoder, or a library and its version."""

    @property
    def shape(self) -> TextShape:
        """Sizes, and ids that begin and end a text."""

    def tokenizer(self) -> Tokenizer:
        """The tokenizer that belongs to it."""

    def weights_digest(self) -> str:
        """Hex sha256 that changes with the weights' bytes."""


class StoredModel(TextModel, Protocol):
    """The same with its tensors, by the names that whoever computes it knows."""

    @property
    def tensors(self) -> Mapping[str, Stored]:
        """Every tensor the family has; a tied head is not among them."""

    def array(self, name: str) -> np.ndarray[Any, Any]:
        """One tensor as float32 or float16, dequantized where it was quantized."""


class OpenModel(StoredModel, Protocol):
    """An opened model that is computed here; tensors go by a checkpoint's names, rows in its order."""

    @property
    def shape(self) -> DecoderShape:
        """Sizes, biases, norms and rotation."""


def is_gguf(path: Path) -> bool:
    """Whether a path is taken for a GGUF file: everything that is no folder and ends in `.gguf`."""
    return path.suffix.lower() == GGUF_SUFFIX and not path.is_dir()


def open_model(path: Path) -> OpenModel:
    """Open a checkpoint folder of any known family, or a GGUF file; nothing is loaded yet.

    Shapes: `tensors` gives each tensor's shape in NumPy's order, and `array(name)` the tensor itself, rows in
    a checkpoint's order whatever the file has: a q_proj.weight is [heads x head_dim, hidden].
    Units: arrays are float32 or float16, dequantized where the file is quantized.
    Source: safetensors and GGUF specifications; names as in `transformers`.

    Raises:
        UnusableInput: neither of them, pickled weights, an unknown family or feature.
        DamagedArtifact: it breaks a rule of its format, or contradicts itself.
    """
    if is_gguf(path):
        refuse_unfetched(path)
        return open_gguf(path)
    return open_any_checkpoint(path)
