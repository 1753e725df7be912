"""Packs: the entries of a closed version in one file, a line each, read as if their own files lay there.

A line is the digest that an entry is named by, and the text of its file. There is one way to write it, so a
line that was edited is none. Lines stand for themselves: git may merge two packs line by line, and an entry
that stands twice is one entry.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from specship.bounds import GIT_OBJECT_BYTES, JSON_STATEMENT_BYTES
from specship.errors import DamagedArtifact

FOLDER: Final = "packs"
ENDING: Final = ".jsonl"
LARGEST_LINE: Final = 2 * JSON_STATEMENT_BYTES + 128
"""Every character of a sound entry takes at most two inside of a text of JSON."""
LARGEST_PACK: Final = GIT_OBJECT_BYTES
"""More is read from no commit either."""
_LINE: Final = re.compile(rb'\{"digest":"([0-9a-f]{64})","envelope":(".*")\}\n')


class PackLine(NamedTuple):
    """Where an entry stands in a pack."""

    pack: Path
    number: int
    """Of the line, from 1."""
    start: int
    """In bytes."""
    length: int

    @property
    def at(self) -> str:
        """For people."""
        return f"{self.pack}:{self.number}"


def line_of(digest: str, data: bytes) -> bytes:
    """The line of an entry whose file has these bytes.

    Raises:
        UnicodeDecodeError: they are no text, and so no sound entry.
    """
    text = json.dumps(data.decode(), ensure_ascii=False)
    return f'{{"digest":"{digest}","envelope":{text}}}\n'.encode()


def unpacked(line: bytes, at: str) -> tuple[str, bytes]:
    """The digest that a line names, and the bytes that are to have it; nobody hashed them yet.

    Raises:
        DamagedArtifact: it is no line that `line_of` writes.
    """
    found = _LINE.fullmatch(line) if len(line) <= LARGEST_LINE else None
    if found:
        digest = found[1].decode()
        with contextlib.suppress(ValueError):
            data: bytes = json.loads(found[2].decode()).encode()
            if line_of(digest, data) == line:
                return digest, data
    raise DamagedArtifact(
        "not a line of a pack", at=at,
        why="a line holds the digest of one entry and its bytes, and ends with a line feed",
        mend="restore the pack from git",
    )  # fmt: skip


def stamp_of(pack: Path) -> tuple[int, ...]:
    """What changes when a pack is replaced; empty where it cannot be asked."""
    try:
        about = pack.lstat()
    except OSError:
        return ()
    return about.st_ino, about.st_size, about.st_mtime_ns


def read_pack(pack: Path) -> bytes:
    """All of a pack.

    Raises:
        DamagedArtifact: it is a link, no regular file or larger than any pack, or cannot be read.
    """
    try:
        if pack.is_symlink() or not pack.is_file() or pack.stat().st_size > LARGEST_PACK:
            raise DamagedArtifact(
                f"not a regular file of at most {LARGEST_PACK >> 20} MiB", at=pack,
                mend="restore the pack from git",
            )  # fmt: skip
        return pack.read_bytes()
    except OSError as error:
        raise DamagedArtifact(f"cannot be read: {error.strerror}", at=pack) from error


def lines_in(data: bytes, at: str) -> Iterator[tuple[str, bytes]]:
    """The place and the bytes of each line of a pack."""
    for number, line in enumerate(io.BytesIO(data), 1):
        yield f"{at}:{number}", line


def listed_in(pack: Path) -> Iterator[tuple[str, PackLine] | DamagedArtifact]:
    """The digest that each line of a pack names, and where it stands; its envelope is not looked into.

    Raises:
        DamagedArtifact: the pack cannot be read.
    """
    start = 0
    for number, line in enumerate(io.BytesIO(read_pack(pack)), 1):
        place = PackLine(pack, number, start, len(line))
        start += len(line)
        found = _LINE.fullmatch(line)
        if found:
            yield found[1].decode(), place
        else:
            try:
                unpacked(line, place.at)
            except DamagedArtifact as error:
                yield error


def line_at(place: PackLine) -> bytes:
    """The bytes of one line.

    Raises:
        DamagedArtifact: they cannot be read.
    """
    try:
        with place.pack.open("rb") as file:
            file.seek(place.start, os.SEEK_SET)
            return file.read(place.length)
    except OSError as error:
        raise DamagedArtifact(f"cannot be read: {error.strerror}", at=place.at) from error
