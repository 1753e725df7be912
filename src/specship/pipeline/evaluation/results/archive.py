"""A zip of JSON documents from outside: opened within bounds, nothing of it is ever written.

Members are read one at a time; how long each is and how much it was packed is checked before it is unpacked,
and again while it is. Inspect packs with Zstandard, which Python knows from 3.14 on; before that the package
`zstandard` is used where it is installed.
Source: PKWARE, APPNOTE.TXT 6.3.10 (sections 4.3.7, 4.4.5).
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, NoReturn, Self

from specship import bounds
from specship.errors import DamagedArtifact, Place, RequirementMissing
from specship.strict_json import open_regular, parse

_ZSTANDARD: Final = 93
_KNOWN: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, _ZSTANDARD}
_ENCRYPTED: Final = 0x1
_LOCAL_HEADER: Final = 30
_AGAIN: Final = "write the log again: inspect log convert LOG --to json --output-dir FOLDER"


class LogArchive:
    """The members of a zip by name, each a JSON document."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is opened by `with`."""
        self.path = path
        self._members: dict[str, zipfile.ZipInfo] = {}

    def __enter__(self) -> Self:
        """Open it and look at its table.

        Raises:
            DamagedArtifact: it is no zip, or one of its members is not one of a log.
        """
        self._opened = open_regular(self.path)
        self._file, size = self._opened.__enter__()
        try:
            self._members = self._table(size)
        except BaseException:
            self._opened.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._opened.__exit__(kind, error, trace)

    @property
    def names(self) -> frozenset[str]:
        """Names of the members."""
        return frozenset(self._members)

    def json(self, name: str) -> Any:
        """One member's document.

        Raises:
            DamagedArtifact: it is missing, longer than it says, damaged, or no strict JSON.
            RequirementMissing: it is packed with Zstandard, and nothing here unpacks that.
        """
        if name not in self._members:
            self._refuse(f"{name} is missing")
        return parse(self._unpacked(self._members[name]), Place(f"{self.path}#{name}"))

    def _refuse(self, message: str, why: str = "") -> NoReturn:
        raise DamagedArtifact(message, at=self.path, why=why, mend=_AGAIN)

    def _table(self, size: int) -> dict[str, zipfile.ZipInfo]:
        if size > bounds.ARCHIVE_BYTES:
            self._refuse(f"longer than {bounds.ARCHIVE_BYTES} bytes")
        try:
            listed = zipfile.ZipFile(self._file).infolist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeDecodeError) as error:
            self._refuse(f"not a zip that can be read: {error}")
        if len(listed) > bounds.ARCHIVE_MEMBERS:
            self._refuse(f"more than {bounds.ARCHIVE_MEMBERS} members")
        if sum(entry.file_size for entry in listed) > bounds.ARCHIVE_UNPACKED_BYTES:
            self._refuse(f"unpacks to more than {bounds.ARCHIVE_UNPACKED_BYTES} bytes")
        members: dict[str, zipfile.ZipInfo] = {}
        for entry in listed:
            self._check(entry)
            if entry.filename in members:
                self._refuse(f"{_shown(entry)} stands twice", "readers disagree on which of the two counts")
            members[entry.filename] = entry
        return members

    def _check(self, entry: zipfile.ZipInfo) -> None:
        name = entry.filename
        if name.startswith("/") or "\\" in name or ".." in name.split("/") or "\0" in entry.orig_filename:
            self._refuse(f"{_shown(entry)} leads out of the archive")
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _KNOWN:
            self._refuse(f"{_shown(entry)} is encrypted, or packed in a way that no log is")
        if entry.file_size > bounds.JSON_REPORT_BYTES:
            self._refuse(f"{_shown(entry)} is longer than {bounds.JSON_REPORT_BYTES} bytes")
        if entry.file_size > bounds.ARCHIVE_RATIO * max(entry.compress_size, 1):
            self._refuse(f"{_shown(entry)} is packed more than {bounds.ARCHIVE_RATIO} times", "no log is")

    def _unpacked(self, entry: zipfile.ZipInfo) -> bytes:
        packed = self._packed(entry)
        try:
            if entry.compress_type == _ZSTANDARD:
                data = _zstandard(packed, self.path).read(entry.file_size + 1)
            elif entry.compress_type == zipfile.ZIP_DEFLATED:
                data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, entry.file_size + 1)
            else:
                data = packed
        except RequirementMissing:
            raise
        except Exception as error:  # noqa: BLE001 - each way of unpacking has errors of its own
            self._refuse(f"{_shown(entry)} cannot be unpacked: {error}")
        if len(data) != entry.file_size or zlib.crc32(data) != entry.CRC:
            self._refuse(f"{_shown(entry)} is not what the table says", "its length or checksum differs")
        return data

    def _packed(self, entry: zipfile.ZipInfo) -> bytes:
        """A member's bytes as they lie in the file: Python refuses to read Zstandard before it finds them."""
        self._file.seek(entry.header_offset)
        header = self._file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or header[:4] != b"PK\x03\x04":
            self._refuse(f"{_shown(entry)} is not where the table says")
        skipped = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        self._file.seek(skipped, io.SEEK_CUR)
        data = self._file.read(entry.compress_size)
        if len(data) != entry.compress_size:
            self._refuse(f"{_shown(entry)} was cut")
        return data


def _shown(entry: zipfile.ZipInfo) -> str:
    return repr(entry.filename[:80])


def _zstandard(packed: bytes, path: Path) -> BinaryIO:
    """A stream that unpacks Zstandard; what is read of it bounds what is unpacked."""
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]

        return zstd.ZstdFile(io.BytesIO(packed))  # type: ignore[no-any-return, unused-ignore]
    except ImportError:
        pass
    try:
        import zstandard
    except ImportError as error:
        raise RequirementMissing(
            "the log is packed with Zstandard, which this Python does not unpack", at=path,
            mend="pip install zstandard (it is all of 'specship[inspect]'); or convert the log: "
            "`inspect log convert LOG --to json --output-dir FOLDER`",
        ) from error  # fmt: skip
    unpacking = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    return unpacking.stream_reader(io.BytesIO(packed), read_across_frames=True)
