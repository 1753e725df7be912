"""Values of every stored tensor in pieces of bounded size, whatever the tensor's size and type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from specship.pipeline.checkpoint.inventory_checks import tensor_bytes
from specship.pipeline.checkpoint.weight_files import HeldTensor
from specship.pipeline.gguf.elements import decoded
from specship.pipeline.gguf.reader import GgufFile, GgufTensor

if TYPE_CHECKING:
    from pathlib import Path

_PIECE_ELEMENTS: Final = 1 << 20
_DTYPES: Final = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "F64": "<f8"}

Values = np.ndarray[Any, Any]


def values_of_held(folder: Path, held: HeldTensor) -> Iterator[Values]:
    """A tensor of a folder as floats, a piece at a time; nothing for types that hold no weights.

    Raises:
        DamagedArtifact: the file was cut since its header was read.
    """
    dtype = held.stored.dtype
    if dtype not in _DTYPES:
        return
    width, left = np.dtype(_DTYPES[dtype]).itemsize, b""
    for chunk in tensor_bytes(folder, held):
        data = left + chunk
        whole = len(data) - len(data) % width
        left = data[whole:]
        raw = np.frombuffer(data[:whole], dtype=_DTYPES[dtype])
        yield (raw.astype("<u4") << 16).view("<f4") if dtype == "BF16" else raw


def values_of_gguf(file: GgufFile, tensor: GgufTensor) -> Iterator[Values]:
    """A tensor of a GGUF as floats, dequantized some blocks at a time.

    Raises:
        UnusableInput: the installed `gguf` package does not read its type.
    """
    block = tensor.type.block
    at_once = max(1, _PIECE_ELEMENTS // block)
    total = tensor.size // tensor.type.bytes
    for first in range(0, total, at_once):
        count = min(at_once, total - first)
        offset = tensor.offset + first * tensor.type.bytes
        data = np.fromfile(file.path, dtype=np.uint8, count=count * tensor.type.bytes, offset=offset)
        yield decoded(data, tensor.type, (data.size // tensor.type.bytes * block,))
