"""A strict reader of GGUF headers: every length is checked before anything is read or allocated.

    "GGUF"  version u32  tensors u64  keys u64
    keys       name string, type u32, value          (an array: element type u32, length u64, elements)
    tensors    name string, dimensions u32, each u64, element type u32, offset u64
    padding, then the tensors' data, each aligned

A refusal names the byte where it stands.  Stricter than llama.cpp and the `gguf` package; the
bounds are those of `specship.bounds`, the types those of `format`.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, NoReturn

from specship import bounds
from specship.errors import DamagedArtifact, Place
from specship.pipeline.gguf.elements import decoded
from specship.pipeline.gguf.format import (
    ARRAY,
    BOOL,
    DEFAULT_ALIGNMENT,
    ELEMENT_TYPES,
    KNOWN_ENDINGS,
    KNOWN_KEYS,
    MAGIC,
    SCALARS,
    STRING,
    VERSIONS,
    ElementType,
)
from specship.pipeline.gguf.other_kinds import other_format, refuse_other_kinds
from specship.strict_json import open_regular

if TYPE_CHECKING:
    import numpy as np

_ALIGNMENT: Final = "general.alignment"
_BLOCK_COUNT: Final = ".block_count"
_TOKENIZER: Final = "tokenizer."
_LENGTH: Final = struct.Struct("<Q")
_WINDOW_BYTES: Final = 256 << 10
"""What is read at once of a list of texts: less than the longest text, so that none in it is too long."""


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """One tensor; `shape` has the order of NumPy, the reverse of the file's."""

    name: str
    type: ElementType
    shape: tuple[int, ...]
    offset: int
    """First byte, counted from the start of the file."""
    size: int
    """Bytes, without padding."""

    @property
    def dtype(self) -> str:
        """The name of its element type."""
        return self.type.name


@dataclass(frozen=True, slots=True)
class GgufFile:
    """A header that broke no rule."""

    path: Path
    version: int
    metadata: dict[str, Any]
    tensors: dict[str, GgufTensor]
    data_offset: int
    size: int

    def array(self, name: str) -> np.ndarray[Any, Any]:
        """A tensor: F32 and F16 as they are stored, other types as float32.

        Raises:
            UnusableInput: the installed `gguf` package does not read its type.
        """
        import numpy as np

        tensor = self.tensors[name]
        data = np.fromfile(self.path, dtype=np.uint8, count=tensor.size, offset=tensor.offset)
        return decoded(data, tensor.type, tensor.shape)


def read_gguf(path: Path) -> GgufFile:
    """The header of a GGUF file, once every rule was found to hold.

    Raises:
        UnusableInput: it is a part of a model, or something else than a model.
        DamagedArtifact: missing, not a regular file, big-endian, cut short or against a rule; with the byte.
    """
    with open_regular(path) as (file, size):
        return _HeaderReader(path, file, size).read()


class _Info(NamedTuple):
    """An entry of the list of tensors, its size worked out; `at` is its byte in the file."""

    at: int
    name: str
    type: ElementType
    shape: tuple[int, ...]
    offset: int
    size: int


class _HeaderReader:
    def __init__(self, path: Path, file: BinaryIO, size: int) -> None:
        self._path, self._file, self._size, self._at = path, file, size, 0
        self._key_at: dict[str, int] = {}
        self._elements_left = bounds.GGUF_ARRAY_ELEMENTS

    def refuse(self, message: str, *, at: int | None = None) -> NoReturn:
        raise DamagedArtifact(
            message,
            at=Place(str(self._path), offset=self._at if at is None else at),
            why="the GGUF format, or a bound that keeps llama.cpp safe, does not allow it",
            mend="export or fetch the file again; this one is cut, garbled or hostile",
        )

    def read(self) -> GgufFile:
        """The whole header, in the order in which it stands in the file."""
        version, tensor_count, key_count = self._counts()
        metadata: dict[str, Any] = {}
        for _ in range(key_count):
            self._key_into(metadata)
        refuse_other_kinds(metadata, tensor_count, self._path)
        if not tensor_count:
            self.refuse("it holds no tensor", at=8)
        self._check_blocks(metadata)
        alignment = self._alignment(metadata)
        infos = [self._tensor_info() for _ in range(tensor_count)]
        header_end = self._at
        data_offset = _aligned(header_end, alignment)
        self._check_padding(header_end, data_offset)
        tensors = self._placed(infos, data_offset, alignment)
        return GgufFile(self._path, version, metadata, tensors, data_offset, self._size)

    def _counts(self) -> tuple[int, int, int]:
        """Version, and how many tensors and keys are claimed."""
        if (first := self._take(4)) != MAGIC:
            self._refuse_other(first)
        version = self._scalar("<I")
        if (turned := int.from_bytes(version.to_bytes(4, "little"), "big")) in VERSIONS:
            raise DamagedArtifact(
                f"the file is big-endian: its version {turned} is written with the bytes turned round",
                at=Place(str(self._path), offset=4),
                why="here, and in llama.cpp on this machine, numbers are little-endian",
                mend=f"turn it, in place: gguf-convert-endian {self._path.name} little "
                "(gguf_convert_endian.py of the gguf package)",
            )
        if version not in VERSIONS:
            self.refuse(f"version {version}; readable are {VERSIONS}", at=4)
        tensors, keys = self._scalar("<Q"), self._scalar("<Q")
        most = min(bounds.GGUF_TENSORS, self._left // bounds.GGUF_TENSOR_INFO_BYTES)
        if tensors > most:
            self.refuse(f"{tensors} tensors are claimed; at most {most} fit", at=8)
        if not 1 <= keys <= bounds.GGUF_KEYS:
            self.refuse(f"{keys} keys are claimed; 1 to {bounds.GGUF_KEYS} are allowed", at=16)
        return version, tensors, keys

    def _refuse_other(self, first: bytes) -> NoReturn:
        if (known := other_format(first)) is None:
            self.refuse("not a GGUF file: it does not begin with 'GGUF'", at=0)
        what, mend = known
        raise DamagedArtifact(f"not a GGUF file but {what}", at=self._path, why="it begins so", mend=mend)

    @property
    def _left(self) -> int:
        return self._size - self._at

    def _take(self, count: int) -> bytes:
        if count > self._left:
            self.refuse(f"{count} bytes are wanted, {self._left} are left: the file was cut short")
        if self._at + count > bounds.GGUF_HEADER_BYTES:
            self.refuse(f"the header is longer than {bounds.GGUF_HEADER_BYTES} bytes")
        data = self._file.read(count)
        if len(data) != count:
            self.refuse("the file became shorter while it was read")
        self._at += count
        return data

    def _scalar(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _text(self, most: int, what: str, *, key: str = "") -> str:
        """A text: a name, or the value of a key. Only values that decide nothing may be no UTF-8.

        llama.cpp takes any bytes; where tokens have other bytes than ours, they would be other tokens.
        """
        begin, length = self._at, self._scalar("<Q")
        if length > min(most, self._left):
            self.refuse(
                f"{what} of {length} bytes; allowed are {most}, left in the file {self._left}", at=begin
            )
        try:
            return self._take(length).decode(
                "utf-8", "replace" if key and not key.startswith(_TOKENIZER) else "strict"
            )
        except UnicodeDecodeError as error:
            named = f"{what} of {key[:80]}" if key else what
            self.refuse(f"{named} is not UTF-8 ({error.reason})", at=begin)

    def _key_into(self, metadata: dict[str, Any]) -> None:
        begin = self._at
        key = self._text(bounds.GGUF_KEY_BYTES, "a key")
        if not key or not key.isprintable():
            self.refuse("a key is empty or holds control characters", at=begin)
        if key in metadata:
            self.refuse(f"the key {key[:80]!r} stands in the file twice", at=begin)
        self._key_at[key] = begin
        kind_at, kind = self._at, self._scalar("<I")
        element = None
        if kind == ARRAY:
            element, value = self._array(key)
        else:
            value = self._value(key, kind, kind_at)
        self._check_known(key, kind if element is None else (kind, element), kind_at)
        metadata[key] = value

    def _check_known(self, key: str, kind: int | tuple[int, int], at: int) -> None:
        by_ending = (form for ending, form in KNOWN_ENDINGS.items() if key.endswith(ending))
        known = KNOWN_KEYS.get(key) or next(by_ending, None)
        if known is not None and kind != known:
            self.refuse(f"{key} has value type {kind}, it must have {known}", at=at)

    def _value(self, key: str, kind: int, at: int) -> Any:
        if kind == STRING:
            return self._text(bounds.GGUF_STRING_BYTES, "a text", key=key)
        if kind not in SCALARS:
            self.refuse(f"unknown value type {kind}", at=at)
        value = self._scalar(SCALARS[kind])
        if kind == BOOL:
            if value > 1:
                self.refuse(f"a truth value of {value}", at=self._at - 1)
            return bool(value)
        return value

    def _array(self, key: str) -> tuple[int, Any]:
        begin = self._at
        element, length = self._scalar("<I"), self._scalar("<Q")
        if element == ARRAY or (element != STRING and element not in SCALARS):
            self.refuse(f"{key[:80]}: an array of value type {element}", at=begin)
        width = 8 if element == STRING else struct.calcsize(SCALARS[element])
        most = min(self._elements_left, self._left // width)
        if length > most:
            self.refuse(f"{key[:80]}: {length} elements are claimed, at most {most} fit", at=begin)
        self._elements_left -= length
        if element == STRING:
            return element, self._texts(key, length)
        first = self._at
        values = list(struct.unpack(f"<{length}{SCALARS[element][1:]}", self._take(width * length)))
        if element == BOOL:
            if (odd := next((index for index, value in enumerate(values) if value > 1), None)) is not None:
                self.refuse(f"{key[:80]}: a truth value of {values[odd]}", at=first + odd)
            values = [bool(value) for value in values]
        return element, values

    def _texts(self, key: str, length: int) -> list[str]:
        """Texts one after another: many at once, and one the careful way wherever the many end."""
        found: list[str] = []
        while len(found) < length:
            window = self._file.read(min(_WINDOW_BYTES, self._left, bounds.GGUF_HEADER_BYTES - self._at))
            read, used = _whole_texts(window, length - len(found))
            found += read
            self._at += used
            self._file.seek(self._at)
            if len(found) < length:
                found.append(self._text(bounds.GGUF_STRING_BYTES, "a text", key=key))
        return found

    def _check_blocks(self, metadata: dict[str, Any]) -> None:
        for key, value in metadata.items():
            if key.endswith(_BLOCK_COUNT) and not 1 <= value <= bounds.GGUF_BLOCKS:
                self.refuse(
                    f"{key[:80]} is {value}; llama.cpp has room for 1 to {bounds.GGUF_BLOCKS}",
                    at=self._key_at[key],
                )

    def _alignment(self, metadata: dict[str, Any]) -> int:
        alignment = int(metadata.get(_ALIGNMENT, DEFAULT_ALIGNMENT))
        least, most = bounds.GGUF_SMALLEST_ALIGNMENT, bounds.GGUF_LARGEST_ALIGNMENT
        if alignment.bit_count() != 1 or not least <= alignment <= most:
            self.refuse(
                f"an alignment of {alignment}; it is a power of two from {least} to {most}",
                at=self._key_at[_ALIGNMENT],
            )
        return alignment

    def _tensor_info(self) -> _Info:
        begin = self._at
        name = self._text(bounds.GGUF_NAME_BYTES, "a tensor's name")
        if not name or not name.isprintable():
            self.refuse("a tensor's name is empty or holds control characters", at=begin)
        count = self._scalar("<I")
        if not 1 <= count <= bounds.GGUF_DIMENSIONS:
            self.refuse(f"{name} has {count} dimensions; 1 to {bounds.GGUF_DIMENSIONS} are allowed", at=begin)
        dimensions = tuple(self._scalar("<Q") for _ in range(count))
        number, offset = self._scalar("<I"), self._scalar("<Q")
        if number not in ELEMENT_TYPES:
            self.refuse(f"{name} has unknown element type {number}", at=begin)
        element = ELEMENT_TYPES[number]
        elements = math.prod(dimensions)
        size = elements // element.block * element.bytes
        if 0 in dimensions or max(elements, size) > bounds.GGUF_TENSOR_BYTES:
            self.refuse(f"{name} has impossible dimensions {dimensions}", at=begin)
        if dimensions[0] % element.block:
            self.refuse(f"{name}: rows of {dimensions[0]} are no whole blocks of {element.name}", at=begin)
        return _Info(begin, name, element, dimensions[::-1], offset, size)

    def _placed(self, infos: list[_Info], data_offset: int, alignment: int) -> dict[str, GgufTensor]:
        found: dict[str, GgufTensor] = {}
        end = data_offset
        for info in infos:
            if info.name in found:
                self.refuse(f"the tensor {info.name!r} stands in the file twice", at=info.at)
            begin = _aligned(end, alignment)
            if data_offset + info.offset != begin:
                self.refuse(
                    f"{info.name} begins at byte {data_offset + info.offset} instead of {begin}: "
                    "tensors follow each other, aligned, without gap or overlap",
                    at=info.at,
                )
            if begin + info.size > self._size:
                self.refuse(
                    f"{info.name} would end at byte {begin + info.size}; the file was cut at {self._size}",
                    at=info.at,
                )
            self._check_padding(end, begin)
            found[info.name] = GgufTensor(info.name, info.type, info.shape, begin, info.size)
            end = begin + info.size
        if self._size > _aligned(end, alignment):
            self.refuse(f"the tensors end at byte {end}, the file at {self._size}", at=end)
        self._check_padding(end, self._size)
        return found

    def _check_padding(self, begin: int, end: int) -> None:
        if end > self._size:
            self.refuse(f"the file ends at byte {self._size}, before its data", at=self._size)
        if begin < end:
            self._file.seek(begin)
            padding = self._file.read(end - begin)
            if any(padding):
                first = next(index for index, value in enumerate(padding) if value)
                self.refuse("padding that is not zero", at=begin + first)


def _whole_texts(window: bytes, most: int) -> tuple[list[str], int]:
    """Texts that are whole inside some bytes, up to the first that is not sound, and their bytes."""
    found: list[str] = []
    at, size, length_at = 0, len(window) - _LENGTH.size, _LENGTH.unpack_from
    for _ in range(most):
        if at > size:
            break
        begin = at + _LENGTH.size
        end = begin + length_at(window, at)[0]
        if end > len(window):
            break
        try:
            found.append(window[begin:end].decode())
        except UnicodeDecodeError:
            break
        at = end
    return found, at


def _aligned(offset: int, alignment: int) -> int:
    """The first multiple of the alignment that is not before an offset."""
    return -(-offset // alignment) * alignment
