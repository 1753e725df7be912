"""Tensors from a checkpoint's files into a GGUF, a few megabytes in memory at a time.

What keeps its type and its order is copied by the kernel. The rest goes through one small buffer:
numbers change their type row by row, and rows of queries and keys change their order head by head.
Nothing is mapped into memory, so that the peak is the buffer and not the model.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self

from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.checkpoint.folder import numbers
from specship.pipeline.checkpoint.safetensors_header import StoredTensor
from specship.pipeline.gguf.elements import byte_shape, encoded
from specship.pipeline.gguf.format import ElementType
from specship.pipeline.model.rotary_order import interleave_rows
from specship.strict_json import open_regular

if TYPE_CHECKING:
    import numpy as np

_BUFFER_BYTES: Final = 2 << 20
"""What is read at once where numbers or rows change; a few times as much is in use meanwhile."""
_COPIED_BYTES: Final = 64 << 20
"""What the kernel copies between two reports."""
_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class PlannedTensor:
    """A tensor of the GGUF: where it comes from, its type, and the heads its rows are reordered in."""

    name: str
    source: StoredTensor
    file: Path
    element: ElementType
    heads: int

    @property
    def shape(self) -> tuple[int, ...]:
        """In the order of NumPy."""
        return self.source.shape

    @property
    def size(self) -> int:
        """Bytes in the GGUF, without padding."""
        return math.prod(byte_shape(self.shape, self.element))


@dataclass(frozen=True, slots=True)
class ComputedTensor:
    """A tensor that no checkpoint stores, because it follows from the configuration."""

    name: str
    shape: tuple[int, ...]
    element: ElementType
    data: bytes

    @property
    def size(self) -> int:
        """Bytes in the GGUF, without padding."""
        return len(self.data)


class TensorFiles:
    """The checkpoint's files, of which one at a time is open."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._path: Path | None = None
        self._file: BinaryIO

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def descriptor(self, path: Path) -> int:
        """The opened file.

        Raises:
            DamagedArtifact: it is gone, a link, or not a regular file.
        """
        if path != self._path:
            self._stack.close()
            self._file, _ = self._stack.enter_context(open_regular(path))
            self._path = path
        return self._file.fileno()


def write_tensor(
    plan: PlannedTensor | ComputedTensor, files: TensorFiles, target: int, advance: Callable[[int], None]
) -> None:
    """Append one tensor to the file `target`; `advance` is told how many bytes were written.

    Raises:
        DamagedArtifact: the checkpoint ends early or cannot be read.
        UnusableInput: numbers that its type cannot hold.
        OSError: the target refuses.
    """
    if isinstance(plan, ComputedTensor):
        advance(write_all(target, plan.data))
        return
    source = files.descriptor(plan.file)
    if plan.element.name == plan.source.dtype and not plan.heads:
        _copy(plan, source, target, advance)
        return
    if _is_vector_to_widen(plan):
        advance(write_all(target, _widened(_read(plan, source, plan.source.offset, plan.source.size))))
        return
    for begin, rows in _portions(plan):
        row_bytes = plan.source.size // _rows(plan)
        data = _read(plan, source, plan.source.offset + begin * row_bytes, rows * row_bytes)
        portion = numbers(data, plan.source.dtype).reshape(rows, -1)
        if plan.heads:
            portion = interleave_rows(portion, rows * plan.heads // _rows(plan))
        try:
            advance(write_all(target, encoded(portion, plan.element)))
        except UnusableInput as error:
            raise UnusableInput(
                f"{plan.source.name}: {error.message}", at=plan.file, why=error.why, mend=error.mend
            ) from error


def _is_vector_to_widen(plan: PlannedTensor) -> bool:
    return (plan.source.dtype, plan.element.name, len(plan.shape), plan.heads) == ("BF16", "F32", 1, 0)


def _widened(data: bytes) -> bytearray:
    """bfloat16 to float32 without NumPy, whose import would take as long as all of a small export."""
    found = bytearray(2 * len(data))
    found[2::4], found[3::4] = data[::2], data[1::2]
    return found


def write_all(target: int, data: bytes | bytearray | np.ndarray[Any, Any]) -> int:
    """Write every byte; returns how many there were."""
    view = memoryview(data).cast("B")  # type: ignore[arg-type]  # arrays are buffers
    total = len(view)
    while view:
        view = view[os.write(target, view) :]
    return total


def _rows(plan: PlannedTensor) -> int:
    """Rows that may be taken apart; a vector is one, unless its numbers change their order."""
    shape = plan.source.shape
    return shape[0] if len(shape) > 1 or plan.heads else 1


def _portions(plan: PlannedTensor) -> Iterator[tuple[int, int]]:
    """First row and number of rows of each portion: whole heads, where rows are reordered."""
    rows = _rows(plan)
    unit = rows // plan.heads if plan.heads else 1
    unit_bytes = plan.source.size // rows * unit
    step = max(_BUFFER_BYTES // unit_bytes, 1) * unit
    for begin in range(0, rows, step):
        yield begin, min(step, rows - begin)


def _copy(plan: PlannedTensor, source: int, target: int, advance: Callable[[int], None]) -> None:
    done = 0
    while done < plan.size:
        count = min(plan.size - done, _COPIED_BYTES)
        copied = _copied_by_kernel(source, target, count, plan.source.offset + done)
        if not copied:
            data = _read(plan, source, plan.source.offset + done, min(count, _BUFFER_BYTES))
            copied = write_all(target, data)
        done += copied
        advance(copied)


def _copied_by_kernel(source: int, target: int, count: int, offset: int) -> int:
    """Bytes that were copied; 0 where the kernel or the file system cannot, or the source ends."""
    if not hasattr(os, "copy_file_range"):
        return 0
    try:
        return os.copy_file_range(source, target, count, offset_src=offset)
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise
        return 0  # reading and writing will show whose fault it is, if there is one


def _read(plan: PlannedTensor, source: int, offset: int, count: int) -> bytes:
    try:
        data = os.pread(source, count, offset)
    except OSError as error:
        raise DamagedArtifact(f"cannot be read: {error.strerror}", at=plan.file) from error
    if len(data) != count:
        raise DamagedArtifact(
            f"{plan.source.name} ends early",
            at=plan.file,
            why="the file changed while it was read",
            mend="export it again when nobody writes to it",
        )
    return data
