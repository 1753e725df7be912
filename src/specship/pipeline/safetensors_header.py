"""The header of a safetensors file, checked before any library opens the file.

    8 bytes   length of the header, little-endian
    header    JSON: tensor name → {dtype, shape, data_offsets}, and optionally __metadata__
    data      tensors in the order of their offsets, without gaps

Bounds and their reasons: docs on hostile files. The library accepts repeated names (the last
one wins), unknown keys and empty names; here each is refused with the byte where it stands.
Source: https://github.com/huggingface/safetensors, section Format.
"""

from __future__ import annotations

import json
import math
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from specship.errors import DamagedArtifact, Place

MOST_HEADER_BYTES: Final = 32 << 20
MOST_TENSORS: Final = 1_000_000
MOST_NAME_BYTES: Final = 512
MOST_DIMENSION: Final = 2**53
DTYPE_BYTES: Final = {
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "F8_E5M2": 1,
    "F8_E4M3": 1,
    "I16": 2,
    "U16": 2,
    "F16": 2,
    "BF16": 2,
    "I32": 4,
    "U32": 4,
    "F32": 4,
    "F64": 8,
    "I64": 8,
    "U64": 8,
}
_LENGTH_BYTES: Final = 8
_ENTRY_KEYS: Final = {"dtype", "shape", "data_offsets"}


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor: element type, shape, and its bytes' place in the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    """First byte, counted from the start of the file."""
    size: int
    """Bytes."""


def _damaged(path: Path, offset: int, message: str, why: str = "") -> NoReturn:
    raise DamagedArtifact(
        message,
        at=Place(str(path), offset=offset),
        why=why or "the safetensors format does not allow it",
        mend="fetch or write the checkpoint again; this file cannot be trusted",
    )


def read_safetensors_header(path: Path) -> dict[str, StoredTensor]:
    """Every tensor of a file by name, in file order, once the whole header has been believed.

    Raises:
        DamagedArtifact: not a regular file, cut short, or a header that breaks a rule; with the offset.
    """
    header, size = _header_bytes(path)
    try:
        text = header.decode("utf-8")
    except UnicodeDecodeError as error:
        _damaged(path, _LENGTH_BYTES + error.start, "the header is not UTF-8")
    try:
        entries = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        _damaged(
            path, _LENGTH_BYTES + len(text[: error.pos].encode()), f"the header is not JSON: {error.msg}"
        )
    except (ValueError, RecursionError) as error:
        _damaged(path, _LENGTH_BYTES, f"the header cannot be used: {error}")
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        _damaged(path, _LENGTH_BYTES, "__metadata__ is not a map of texts")
    if not 1 <= len(entries) <= MOST_TENSORS:
        _damaged(path, _LENGTH_BYTES, f"{len(entries)} tensors", f"a model has 1 to {MOST_TENSORS}")
    base = _LENGTH_BYTES + len(header)
    tensors = [_tensor(path, name, entry, base) for name, entry in entries.items()]
    return _contiguous(path, tensors, base, size)


def _header_bytes(path: Path) -> tuple[bytes, int]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise DamagedArtifact(
            f"cannot be opened: {error.strerror}", at=path, mend="put the file in its place"
        ) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        _damaged(path, 0, "not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        left = status.st_size - _LENGTH_BYTES
        if left < 2:
            _damaged(
                path, 0, f"{status.st_size} bytes are too few for a safetensors file", "it was cut short"
            )
        if length > min(left, MOST_HEADER_BYTES):
            _damaged(
                path,
                0,
                f"the header claims {length} bytes; {left} follow",
                f"it was cut short or garbled (a header has at most {MOST_HEADER_BYTES} bytes)",
            )
        header = file.read(length)
    if len(header) != length or not header.startswith(b"{"):
        _damaged(path, _LENGTH_BYTES, "the header does not begin with '{'")
    return header, status.st_size


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(n for n in names if names.count(n) > 1)!r} stands in it twice")
    return found


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _tensor(path: Path, name: str, entry: Any, base: int) -> StoredTensor:
    if not 1 <= len(name.encode(errors="replace")) <= MOST_NAME_BYTES or not name.isprintable():
        _damaged(
            path, _LENGTH_BYTES, f"{name[:80]!r} is no tensor name", "1 to 512 bytes, no control characters"
        )
    if not isinstance(entry, dict) or entry.keys() != _ENTRY_KEYS:
        _damaged(path, _LENGTH_BYTES, f"{name}: an entry has exactly dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPE_BYTES:
        _damaged(path, _LENGTH_BYTES, f"{name}: unknown element type {str(dtype)[:40]!r}")
    if not isinstance(shape, list) or not all(_whole(n) for n in shape):
        _damaged(path, _LENGTH_BYTES, f"{name}: a dimension is a whole number from 0 to 2^53")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(_whole(n) for n in offsets):
        _damaged(path, _LENGTH_BYTES, f"{name}: data_offsets are two whole numbers")
    begin, end = offsets
    if end - begin != math.prod(shape) * DTYPE_BYTES[dtype]:
        _damaged(path, _LENGTH_BYTES, f"{name}: {end - begin} bytes do not hold {dtype} of shape {shape}")
    return StoredTensor(name, dtype, tuple(shape), base + begin, end - begin)


def _whole(number: Any) -> bool:
    return type(number) is int and 0 <= number <= MOST_DIMENSION


def _contiguous(path: Path, tensors: list[StoredTensor], base: int, size: int) -> dict[str, StoredTensor]:
    tensors.sort(key=lambda tensor: (tensor.offset, tensor.size))
    expected = base
    for tensor in tensors:
        if tensor.offset != expected:
            _damaged(
                path,
                tensor.offset,
                f"{tensor.name} begins at byte {tensor.offset}, the tensor before it ends at {expected}",
                "tensors follow each other without gap or overlap",
            )
        expected += tensor.size
    if expected != size:
        _damaged(
            path,
            min(expected, size),
            f"the tensors end at byte {expected}, the file at byte {size}",
            "the file was cut short" if expected > size else "bytes follow that no tensor owns",
        )
    return {tensor.name: tensor for tensor in tensors}
