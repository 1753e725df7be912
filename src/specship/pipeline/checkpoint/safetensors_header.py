"""The header of a safetensors file, checked before any library opens the file.

    8 bytes   length of the header, little-endian
    header    JSON: tensor name → {dtype, shape, data_offsets}, and optionally __metadata__
    data      tensors in the order of their offsets, without gaps

The library accepts repeated names (the last one wins), unknown keys and empty names; here each is
refused with the byte where it stands. The bounds are those of `specship.bounds`.
Source: https://github.com/huggingface/safetensors, section Format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from specship import bounds
from specship.errors import DamagedArtifact, Place
from specship.strict_json import key_offset, open_regular, parse

if TYPE_CHECKING:
    from pathlib import Path

DTYPE_BYTES: Final = {
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "F8_E5M2": 1,
    "F8_E4M3": 1,
    "F8_E8M0": 1,
    "F8_E4M3FNUZ": 1,
    "F8_E5M2FNUZ": 1,
    "I16": 2,
    "U16": 2,
    "F16": 2,
    "BF16": 2,
    "I32": 4,
    "U32": 4,
    "F32": 4,
    "C64": 8,
    "F64": 8,
    "I64": 8,
    "U64": 8,
}
_LENGTH_BYTES: Final = 8
_ENTRY_KEYS: Final = {"dtype", "shape", "data_offsets"}
_METADATA: Final = "__metadata__"


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


def read_safetensors_header(path: Path) -> dict[str, StoredTensor]:
    """Every tensor of a file by name, in file order, once the whole header has been believed.

    Raises:
        DamagedArtifact: not a regular file, cut short, or a header that breaks a rule; with the offset.
    """
    data, size = _header_bytes(path)
    header = _Header(path, data)
    entries = header.entries()
    tensors = [header.tensor(name, entry) for name, entry in entries.items()]
    tensors.sort(key=lambda tensor: (tensor.offset, tensor.size))
    _check_contiguous(path, tensors, header.end, size)
    return {tensor.name: tensor for tensor in tensors}


def _damaged(path: Path, offset: int, message: str, why: str = "") -> NoReturn:
    raise DamagedArtifact(
        message,
        at=Place(str(path), offset=offset),
        why=why or "the safetensors format does not allow it",
        mend="fetch or write the checkpoint again; this file cannot be trusted",
    )


def _header_bytes(path: Path) -> tuple[bytes, int]:
    """The header, and how many bytes the whole file has."""
    with open_regular(path) as (file, size):
        left = size - _LENGTH_BYTES
        if left < 2:
            _damaged(path, 0, f"{size} bytes are too few for a safetensors file", "it was cut short")
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if length > min(left, bounds.SAFETENSORS_HEADER_BYTES):
            _damaged(
                path,
                0,
                f"the header claims {length} bytes; {left} follow",
                f"it was cut short or garbled (a header has at most {bounds.SAFETENSORS_HEADER_BYTES} bytes)",
            )
        header = file.read(length)
    if len(header) != length or not header.startswith(b"{"):
        _damaged(path, _LENGTH_BYTES, "the header does not begin with '{'")
    return header, size


class _Header:
    """The bytes of a header; knows where in the file a name stands."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path, self._data = path, data
        self.end = _LENGTH_BYTES + len(data)

    def refuse(self, message: str, why: str = "", *, key: str | None = None) -> NoReturn:
        """Refuse the file at the entry of a key, or at the header's first byte."""
        found = key_offset(self._data, key) if key is not None else None
        _damaged(self._path, _LENGTH_BYTES + (found or 0), message, why)

    def entries(self) -> dict[str, Any]:
        """Entries of the tensors, as many as a file may have."""
        try:
            entries: dict[str, Any] = parse(
                self._data,
                Place(str(self._path), offset=_LENGTH_BYTES),
                depth=bounds.SAFETENSORS_HEADER_DEPTH,
            )
        except DamagedArtifact as error:
            offset = error.at.offset if error.at else None
            _damaged(self._path, offset or _LENGTH_BYTES, f"the header {error.message}", error.why)
        metadata = entries.pop(_METADATA, None)
        metadata = {} if metadata is None else metadata  # null is how some writers say that there is none
        if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
            self.refuse("__metadata__ is not a map of texts", key=_METADATA)
        if not 1 <= len(entries) <= bounds.SAFETENSORS_TENSORS:
            self.refuse(f"{len(entries)} tensors", f"a model has 1 to {bounds.SAFETENSORS_TENSORS}")
        return entries

    def tensor(self, name: str, entry: Any) -> StoredTensor:
        """One tensor, its bytes as many as its type and shape need."""
        if not 1 <= len(name.encode()) <= bounds.SAFETENSORS_NAME_BYTES or not name.isprintable():
            self.refuse(
                f"{name[:80]!r} is no tensor name",
                f"it has 1 to {bounds.SAFETENSORS_NAME_BYTES} bytes and no control characters",
                key=name,
            )
        if not isinstance(entry, dict) or entry.keys() != _ENTRY_KEYS:
            self.refuse(f"{name}: an entry has exactly dtype, shape and data_offsets", key=name)
        dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
        if not isinstance(dtype, str) or dtype not in DTYPE_BYTES:
            self.refuse(f"{name}: unknown element type {str(dtype)[:40]!r}", key=name)
        if not _wholes(shape):
            self.refuse(f"{name}: a dimension is a whole number from 0 to 2^53", key=name)
        if not _wholes(offsets) or len(offsets) != 2:
            self.refuse(f"{name}: data_offsets are two whole numbers from 0 to 2^53", key=name)
        begin, end = offsets
        wanted = self._elements(name, shape) * DTYPE_BYTES[dtype]
        if end - begin != wanted:
            self.refuse(
                f"{name}: {end - begin} bytes do not hold {wanted} of {dtype}, shape {str(shape)[:80]}",
                key=name,
            )
        return StoredTensor(name, dtype, tuple(shape), self.end + begin, wanted)

    def _elements(self, name: str, shape: list[int]) -> int:
        """Product of the dimensions, given up as soon as it passes the bound: a shape can be long."""
        elements = 1
        for dimension in shape:
            elements *= dimension
            if elements > bounds.SAFETENSORS_LARGEST_DIMENSION:
                self.refuse(f"{name}: more than 2^53 elements", key=name)
        return elements


def _wholes(numbers: Any) -> bool:
    """Whether this is a list of whole numbers from 0 to the bound; a truth value is no number."""
    return isinstance(numbers, list) and all(
        type(number) is int and 0 <= number <= bounds.SAFETENSORS_LARGEST_DIMENSION for number in numbers
    )


def _check_contiguous(path: Path, tensors: list[StoredTensor], base: int, size: int) -> None:
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
