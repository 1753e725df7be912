"""The records of a corpus folder: `manifest.json`, `files.jsonl` and the two splits.

manifest.json   source, licence, settings, counts and the digests of the other files
files.jsonl     one line a file of the source: what became of it, and why
train.jsonl, heldout.jsonl   one document a line, in the order of their digest
LICENCE.txt     the licence's text, where one was found
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from specship.errors import Place
from specship.records import Count, Record, Sha256, checked, read_record
from specship.strict_json import read_json_lines

FileOutcome = Literal["train", "heldout", "duplicate", "near-duplicate", "left-out", "skipped"]

MANIFEST: Final = "manifest.json"
FILES: Final = "files.jsonl"
LICENCE: Final = "LICENCE.txt"
_MEND: Final = "run the stage 'corpus' again"


class CorpusDocument(Record):
    """One document of a split."""

    path: str
    sha256: Sha256
    """Of the text's UTF-8 bytes, which are the file's own."""
    bytes: Count
    licence: str
    text: str
    group: str | None = None
    """What must not stand on both sides of the split, such as its package; null where it stands alone."""


class FileEntry(Record):
    """What became of one document of the sources, or of a file that holds none."""

    path: str
    outcome: FileOutcome
    bytes: Count | None = None
    sha256: Sha256 | None = None
    licence: str | None = None
    reason: str | None = None
    """Why it was skipped, left out, or joined the other split."""
    duplicate_of: str | None = None
    """Path of the kept document that it repeats."""
    jaccard: float | None = None
    """Shared shingles with that document over all shingles of both."""


class SplitEntry(Record):
    """One file of documents."""

    file: Literal["train.jsonl", "heldout.jsonl"]
    sha256: Sha256
    documents: Count
    text_bytes: Count


class SourceEntry(Record):
    """Where the text came from."""

    kind: str
    """Name of its kind; `several` where there are several."""
    label: str
    suffixes: list[str]
    file_bytes_limit: Count


class ContainerEntry(Record):
    """A file that holds several documents."""

    path: str
    """Relative to its source."""
    sha256: Sha256
    bytes: Count


class SourceRecord(Record):
    """One of the sources, and what was taken of it."""

    kind: str
    label: str
    prefix: str
    """What stands before the names of its documents."""
    suffixes: list[str]
    licence: str
    """SPDX expression of documents that state none of their own, or `unknown`."""
    licences: dict[str, Count]
    """Its documents in the corpus by their own licence."""
    provenance: str
    weight: float | None
    """As it was asked for; null: all of it."""
    share_taken: float
    """Share of its unique bytes that its weight leaves, 0 to 1."""
    documents: Count
    text_bytes: Count
    containers: list[ContainerEntry] = []


class LicenceEntry(Record):
    """The source's licence as far as it is known."""

    spdx: str
    """SPDX expression, or `unknown`."""
    file: Literal["LICENCE.txt"] | None
    sha256: Sha256 | None
    found: str
    """Where the text was found; empty when it was not."""


class CorpusManifest(Record):
    """The whole corpus at a glance."""

    format: Literal["specship-corpus/1"] = "specship-corpus/1"
    source: SourceEntry
    licence: LicenceEntry
    licences: dict[str, Count]
    """Documents by their own licence."""
    near_duplicate_jaccard: float
    heldout_fraction: float
    containment: float
    """Held-out documents with this share of shingles in one training document joined training."""
    files_listed: Count
    files_read: Count
    outcomes: dict[str, Count]
    files_sha256: Sha256
    """Of `files.jsonl`."""
    train: SplitEntry
    heldout: SplitEntry
    interpreter: str
    sources: list[SourceRecord] = []
    """Each source, where the corpus is not of one folder or library alone."""


def read_manifest(folder: Path) -> CorpusManifest:
    """The manifest of a corpus folder.

    Raises:
        DamagedArtifact: it is missing or malformed.
    """
    return read_record(CorpusManifest, folder / MANIFEST, mend=_MEND)


def read_files(folder: Path) -> Iterator[FileEntry]:
    """The lines of `files.jsonl`.

    Raises:
        DamagedArtifact: it is missing, cut or malformed; the error names the line.
    """
    path = folder / FILES
    for line, value in read_json_lines(path):
        yield checked(FileEntry, value, Place(str(path), line=line), mend=_MEND)


def read_documents(folder: Path, split: Literal["train", "heldout"]) -> Iterator[CorpusDocument]:
    """The documents of a split of a corpus, one at a time: `path`, `sha256`, `bytes`, `licence` and `text`.

    Units: `bytes` counts the text's UTF-8 bytes. Nothing but one document is held in memory.
    Source: JSON Lines (https://jsonlines.org), a document a line.

    Raises:
        DamagedArtifact: the file is missing, cut or malformed; the error names the line.
    """
    path = folder / f"{split}.jsonl"
    for line, value in read_json_lines(path):
        yield checked(CorpusDocument, value, Place(str(path), line=line), mend=_MEND)
