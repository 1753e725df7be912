"""The documents of a corpus on the disk while it is made: texts, facts and sketches, appended in order.

    texts.bin     the bytes of every document, one behind the other
    names.bin     for each: path, licence, group and why it is no document, as one JSON list
    facts.bin     for each: digest, place and size, a record of fixed width
    sketches.bin  for each document: its sketch
    state.json    what of these files counts, and where reading goes on

A whole corpus does not fit into memory; of each document a few dozen bytes do. State is written a few times a
minute, behind the bytes that it counts: after a kill the files are cut back to it and reading goes on there.
"""
# ruff: noqa: N806 - a suffix names the axes: D documents, P values of a sketch

from __future__ import annotations

import collections
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specship.errors import DamagedArtifact
from specship.files import write_errors, write_json
from specship.pipeline.corpus.near_duplicates import PERMUTATIONS, shingles_in_order, shingles_of, sketch
from specship.pipeline.corpus.source_kind import FoundDocument
from specship.strict_json import read_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from specship.pipeline.corpus.near_duplicates import Hashes, Sketches

    Facts = NDArray[np.void]
    Numbers = NDArray[np.int64]

_FILES: Final = ("texts.bin", "names.bin", "facts.bin", "sketches.bin")
_FACTS: Final = [
    ("digest", "S32"),
    ("text_at", "<u8"),
    ("text_size", "<u4"),
    ("name_at", "<u8"),
    ("name_size", "<u4"),
    ("source", "<u2"),
    ("is_document", "?"),
    ("group", "<u8"),
]
_SKETCHED_AT_ONCE: Final = 256
_BYTES_AT_ONCE: Final = 8 << 20
_SAVED_EVERY: Final = 10.0
"""Seconds after which the state is written: a kill costs no more."""
_CACHE_BYTES: Final = 16 << 20
_CHUNK: Final = 1 << 12
_WIDTH: Final = 4 * PERMUTATIONS


@dataclass(frozen=True, slots=True)
class DocumentName:
    """What is said of a document beside its text."""

    path: str
    licence: str
    group: str
    skipped: str


@dataclass(slots=True)
class PlaceInSources:
    """Where reading goes on: the source, its file, and the document in that."""

    source: int = 0
    file: str = ""
    item: int = 0


class Spool:
    """Documents that were read, in the order in which they were."""

    def __init__(self, folder: Path, identity: str) -> None:
        """Open a folder, and go on where a run with the same settings was ended.

        `identity` is a digest of all that decides what is read.
        """
        self.folder = folder
        self.cursor = PlaceInSources()
        self._identity = identity
        self._sizes = dict.fromkeys(_FILES, 0)
        self._resume()
        with write_errors(folder):
            self._files = {name: (folder / name).open("ab") for name in _FILES}
        self._read = self._sizes["sketches.bin"] // _WIDTH
        self._waiting: list[tuple[Any, ...]] = []
        self._names: list[bytes] = []
        self._texts: list[bytes] = []
        self._waiting_bytes = 0
        self._saved_at = time.monotonic()
        self._descriptors: dict[str, int] = {}
        self._cache: collections.OrderedDict[int, Hashes] = collections.OrderedDict()
        self._cached_bytes = 0

    def _resume(self) -> None:
        state = self.folder / "state.json"
        if state.is_file():
            found = read_json(state)
            whole = isinstance(found, dict) and found.get("identity") == self._identity
            if whole and all(self._size(name) >= found["sizes"][name] for name in _FILES):
                self._sizes = dict(found["sizes"])
                self.cursor = PlaceInSources(**found["cursor"])
        for name, size in self._sizes.items():
            path = self.folder / name
            with write_errors(path), path.open("ab") as file:
                file.truncate(size)

    def _size(self, name: str) -> int:
        path = self.folder / name
        return path.stat().st_size if path.is_file() else 0

    def __len__(self) -> int:
        """How many were read, documents or not."""
        return self._read + len(self._waiting)

    def add(self, source: int, found: FoundDocument, licence: str) -> None:
        """Append a document, or why there is none.

        Raises:
            CannotWrite: the disk is full or refuses.
        """
        name = json.dumps([found.path, licence, found.group, found.skipped], ensure_ascii=False).encode()
        data = b"" if found.skipped else found.data
        group = _group_number(found.group)
        digest = b"" if found.skipped else hashlib.sha256(data).digest()
        self._waiting.append((digest, len(data), len(name), source, not found.skipped, group))
        self._names.append(name)
        self._texts.append(data)
        self._waiting_bytes += len(data)
        if len(self._waiting) >= _SKETCHED_AT_ONCE or self._waiting_bytes >= _BYTES_AT_ONCE:
            self._append()

    def saved(self, cursor: PlaceInSources, *, now: bool = False) -> None:
        """Say where reading goes on; written down now and then.

        Raises:
            CannotWrite: the disk is full or refuses.
        """
        self.cursor = cursor
        if not now and time.monotonic() - self._saved_at < _SAVED_EVERY:
            return
        self._append()
        for name, file in self._files.items():
            with write_errors(self.folder / name):
                file.flush()
                os.fsync(file.fileno())
        self._saved_at = time.monotonic()
        write_json(
            self.folder / "state.json",
            {
                "identity": self._identity,
                "sizes": self._sizes,
                "cursor": {"source": cursor.source, "file": cursor.file, "item": cursor.item},
            },
        )

    def _append(self) -> None:
        import numpy as np

        if not self._waiting:
            return
        facts_D = np.zeros(len(self._waiting), dtype=_FACTS)
        columns = zip(*self._waiting, strict=True)
        digests, text_sizes, name_sizes, sources, documents, groups = columns
        facts_D["digest"], facts_D["source"], facts_D["group"] = digests, sources, groups
        facts_D["text_size"], facts_D["name_size"], facts_D["is_document"] = text_sizes, name_sizes, documents
        facts_D["text_at"] = self._sizes["texts.bin"] + np.cumsum([0, *text_sizes[:-1]])
        facts_D["name_at"] = self._sizes["names.bin"] + np.cumsum([0, *name_sizes[:-1]])
        sketches_DP = sketch([shingles_in_order(text) for text in self._texts])
        parts = (b"".join(self._texts), b"".join(self._names), facts_D.tobytes(), sketches_DP.tobytes())
        for name, data in zip(_FILES, parts, strict=True):
            with write_errors(self.folder / name):
                self._files[name].write(data)
            self._sizes[name] += len(data)
        self._read += len(self._waiting)
        self._waiting, self._names, self._texts, self._waiting_bytes = [], [], [], 0

    def finish(self, cursor: PlaceInSources) -> Facts:
        """All facts, one record a document, when everything was read.

        Raises:
            CannotWrite: the disk is full or refuses.
        """
        import numpy as np

        self.saved(cursor, now=True)
        return np.fromfile(self.folder / "facts.bin", dtype=_FACTS)

    def close(self) -> None:
        """Let go of all files."""
        for file in self._files.values():
            file.close()
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._descriptors = {}

    def _bytes(self, name: str, at: int, size: int) -> bytes:
        if name not in self._descriptors:
            self._descriptors[name] = os.open(self.folder / name, os.O_RDONLY)
        return os.pread(self._descriptors[name], size, at)

    def text(self, fact: Any) -> bytes:
        """The bytes of a document.

        Raises:
            DamagedArtifact: they are no longer those that were read.
        """
        data = self._bytes("texts.bin", int(fact["text_at"]), int(fact["text_size"]))
        if hashlib.sha256(data).hexdigest() != digest_text(fact):
            raise DamagedArtifact(
                "the text changed on the disk while the corpus was made",
                at=self.folder / "texts.bin",
                mend="run the same command again",
            )
        return data

    def name(self, fact: Any) -> DocumentName:
        """What is said of a document beside its text."""
        path, licence, group, skipped = json.loads(
            self._bytes("names.bin", int(fact["name_at"]), int(fact["name_size"]))
        )
        return DocumentName(path, licence, group, skipped)

    def sketch(self, number: int) -> Sketches:
        """The sketch of the document with that number."""
        import numpy as np

        return np.frombuffer(self._bytes("sketches.bin", number * _WIDTH, _WIDTH), dtype=np.uint32)

    def sketches(self) -> Iterator[Sketches]:
        """Sketches of all documents in the order in which they were read, in chunks."""
        import numpy as np

        with (self.folder / "sketches.bin").open("rb") as file:
            while data := file.read(_CHUNK * _WIDTH):
                yield np.frombuffer(data, dtype=np.uint32).reshape(-1, PERMUTATIONS)

    def shingles(self, number: int, fact: Any) -> Hashes:
        """Shingles of the document with that number; those asked for last are remembered."""
        if (known := self._cache.get(number)) is not None:
            self._cache.move_to_end(number)
            return known
        found = shingles_of(self.text(fact))
        self._cache[number] = found
        self._cached_bytes += found.nbytes
        while self._cached_bytes > _CACHE_BYTES and len(self._cache) > 2:
            _, gone = self._cache.popitem(last=False)
            self._cached_bytes -= gone.nbytes
        return found


def _group_number(group: str) -> int:
    """64 bits of a group's name; 0 where there is none."""
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "little") if group else 0


def digest_text(fact: Any) -> str:
    """The sha256 of a document in hexadecimal; NumPy takes zeros at the end of a byte text away."""
    return bytes(fact["digest"]).ljust(32, b"\0").hex()


def discard(folder: Path, names: Iterable[str] = (*_FILES, "state.json")) -> None:
    """Take the files of a spool away."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
    folder.rmdir()
