"""Keys of a GGUF header, each with the value type that its readers expect, and their bytes.

Written here and not by the `gguf` package, which takes a third longer for a whole export (decision 0024).
Source: ggml docs/gguf.md.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from specship.errors import UnusableInput
from specship.pipeline.gguf.format import ARRAY, BOOL, FLOAT32, INT32, MAGIC, SCALARS, STRING, UINT8, UINT32

_VERSION: Final = 3
_LENGTHS: Final = [number.to_bytes(8, "little") for number in range(128)]
_TYPE_CODES: Final = {UINT8: "B", INT32: "i", FLOAT32: "f"}


@dataclass(frozen=True, slots=True)
class GgufKey:
    """A name, the type its value is stored as, and the value; `element` is the type inside an array."""

    name: str
    kind: int
    value: Any
    element: int | None = None


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """An entry of the list of tensors; `shape` in NumPy's order, `offset` from the data's first byte."""

    name: str
    shape: tuple[int, ...]
    number: int
    offset: int


def text(name: str, value: str) -> GgufKey:
    """A string."""
    return GgufKey(name, STRING, value)


def count(name: str, value: int) -> GgufKey:
    """A whole number that is not negative, in 32 bits."""
    return GgufKey(name, UINT32, value)


def decimal(name: str, value: float) -> GgufKey:
    """A number in 32 bits.

    Raises:
        UnusableInput: it would become zero or infinite.
    """
    try:
        stored = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        stored = math.inf
    if math.isinf(stored) or (value and not stored):
        raise UnusableInput(
            f"{name} is {value:g}, which 32 bits cannot hold",
            why="a GGUF stores sizes and constants in 32 bits",
            mend="use the checkpoint in its own format",
        )
    return GgufKey(name, FLOAT32, value)


def key_of(name: str, value: bool | int | str | bytes | Sequence[str] | Sequence[float]) -> GgufKey:
    """A key whose type follows from its value: BOOL, UINT32, STRING, or an array.

    Bytes are an array of UINT8; other lists are of STRING, INT32 or FLOAT32 by their first element.
    """
    match value:
        case bool():
            return GgufKey(name, BOOL, value)
        case int():
            return count(name, value)
        case str():
            return text(name, value)
        case bytes():
            return GgufKey(name, ARRAY, value, UINT8)
        case _:
            first = next(iter(value), "")
            element = STRING if isinstance(first, str) else INT32 if isinstance(first, int) else FLOAT32
            return GgufKey(name, ARRAY, value, element)


def header_bytes(keys: Sequence[GgufKey], tensors: Sequence[TensorInfo], alignment: int) -> bytes:
    """Everything that stands before the tensors' data, with the padding up to it."""
    parts = [MAGIC, struct.pack("<IQQ", _VERSION, len(tensors), len(keys))]
    for key in keys:
        parts += (_text(key.name), struct.pack("<I", key.kind), _value(key))
    for tensor in tensors:
        rank = len(tensor.shape)
        parts.append(_text(tensor.name))
        parts.append(struct.pack(f"<I{rank}QIQ", rank, *tensor.shape[::-1], tensor.number, tensor.offset))
    whole = b"".join(parts)
    return whole + bytes(-len(whole) % alignment)


def _text(value: str) -> bytes:
    return _prefixed(value.encode())


def _prefixed(data: bytes) -> bytes:
    """Bytes with their length in front, which is looked up where it is short: there are many such."""
    length = len(data)
    return (_LENGTHS[length] if length < len(_LENGTHS) else length.to_bytes(8, "little")) + data


def _value(key: GgufKey) -> bytes:
    if key.element is None:
        return _text(key.value) if key.kind == STRING else struct.pack(SCALARS[key.kind], key.value)
    head = struct.pack("<IQ", key.element, len(key.value))
    if key.element == STRING:
        return head + b"".join([_prefixed(data) for data in map(str.encode, key.value)])
    return head + array(_TYPE_CODES[key.element], key.value).tobytes()
