"""Compressed files, read through as a stream that cannot grow without end.

A bomb of a few kilobytes unpacks to terabytes. What comes out is counted against what went in, and a file
that unpacks to more than text ever does is refused before it fills memory, disk or an afternoon.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from specship.bounds import UNPACKED_BYTES_ALWAYS, UNPACKED_RATIO
from specship.errors import DamagedArtifact, RequirementMissing
from specship.pipeline.corpus.source_kind import COMPRESSIONS
from specship.strict_json import open_regular

_AT_ONCE: Final = 4096
_MEMORY: Final = 256 << 20
"""Most bytes that the dictionary of an xz file may take."""


def is_compressed(path: Path) -> bool:
    """Whether the name of a file says that it is compressed."""
    return path.name.endswith(COMPRESSIONS)


@contextlib.contextmanager
def open_text(path: Path) -> Iterator[BinaryIO]:
    """A regular file's bytes, unpacked where its name says so.

    Raises:
        DamagedArtifact: it is a link or missing, is cut or damaged, or unpacks to more than its size allows.
        RequirementMissing: it is compressed with zstd, and no library for that is installed.
    """
    with open_regular(path) as (packed, _):
        if not is_compressed(path):
            yield packed
            return
        try:
            with _unpacked(packed, path) as plain:
                yield io.BufferedReader(_Bounded(plain, packed, path), 1 << 18)
        except (EOFError, zlib.error, lzma.LZMAError, ValueError, OSError) as error:
            raise DamagedArtifact(
                f"cannot be unpacked: {error}", at=path, mend="fetch the file again, or leave it out"
            ) from error


def _unpacked(packed: BinaryIO, path: Path) -> BinaryIO:
    match path.suffix:
        case ".gz":
            return cast("BinaryIO", gzip.GzipFile(fileobj=packed))
        case ".bz2":
            return cast("BinaryIO", bz2.BZ2File(packed))
        case ".xz":
            return cast("BinaryIO", lzma.LZMAFile(packed))
    try:
        import zstandard
    except ImportError as error:
        raise RequirementMissing(
            "a zstd file needs zstandard, which is not installed",
            at=path,
            mend="pip install 'specship[data]', or compress it with gzip",
        ) from error
    return cast("BinaryIO", _Zstd(zstandard.ZstdDecompressor(max_window_size=_MEMORY), packed))


class _Zstd(io.RawIOBase):
    """A zstd file as a stream that knows when it was cut; the library's own ends there without a word."""

    def __init__(self, library: Any, packed: BinaryIO) -> None:
        self._library = library
        self._packed = packed
        self._frame: Any = None
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        import zstandard

        view = memoryview(buffer)  # type: ignore[arg-type]
        try:
            while not self._left and self._more():
                pass
        except zstandard.ZstdError as error:
            raise EOFError(str(error)) from error
        data, self._left = self._left[: len(view)], self._left[len(view) :]
        view[: len(data)] = data
        return len(data)

    def _more(self) -> bool:
        """Unpack a little more; few bytes at once, since of a bomb they are many already."""
        whole = self._frame is None or self._frame.eof
        packed = (self._frame.unused_data if whole and self._frame else b"") or self._packed.read(_AT_ONCE)
        if not packed:
            if not whole:
                raise EOFError("it was cut in the middle of a frame")
            return False
        if whole:
            self._frame = self._library.decompressobj()
        self._left = self._frame.decompress(packed)
        return True


class _Bounded(io.RawIOBase):
    """What comes out of a decompressor, counted against what went in."""

    def __init__(self, plain: BinaryIO, packed: BinaryIO, path: Path) -> None:
        self._plain = plain
        self._packed = packed
        self._path = path
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._plain.read(min(len(view), 1 << 18))
        view[: len(data)] = data
        self._given += len(data)
        if self._given > max(UNPACKED_BYTES_ALWAYS, UNPACKED_RATIO * self._packed.tell()):
            raise DamagedArtifact(
                f"unpacks to more than {UNPACKED_RATIO} times its size",
                at=self._path,
                why="text packs to a tenth, and a file that unpacks without end fills the disk",
                mend="leave the file out, or unpack it yourself and look at it",
            )
        return len(data)
