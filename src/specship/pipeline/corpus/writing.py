"""Writing a corpus: its documents, the list of files, the licence and, last, the manifest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from specship.digests import sha256_bytes, sha256_file
from specship.errors import DamagedArtifact, UnusableInput
from specship.files import write_errors, write_file, write_json
from specship.pipeline.corpus import source
from specship.pipeline.corpus.manifest import (
    FILES,
    LICENCE,
    MANIFEST,
    CorpusDocument,
    CorpusManifest,
    FileEntry,
    LicenceEntry,
    SourceEntry,
    SplitEntry,
)
from specship.pipeline.corpus.settings import CorpusSettings
from specship.pipeline.corpus.source import Source

Split = Literal["train", "heldout"]


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that can be a document."""

    path: str
    sha256: str
    size: int
    licence: str


def read_again(origin: Source, file: ReadFile) -> bytes:
    """A file's bytes once more; whole corpora do not fit into memory.

    Raises:
        DamagedArtifact: they are no longer those that were read first.
    """
    try:
        data = source.read_bounded(origin.root / file.path, file.size)
    except OSError:
        data = None
    if data is None or sha256_bytes(data) != file.sha256:
        raise DamagedArtifact(
            "the file changed while the corpus was made", at=file.path, mend="run the stage again"
        )
    return data


def write_split(output: Path, split: Split, origin: Source, files: list[ReadFile]) -> SplitEntry:
    """One line a document.

    Raises:
        UnusableInput: there is none.
    """
    if not files:
        raise UnusableInput(
            f"no document is left for the {split} split",
            why="a document's side follows from its content, and a small corpus may have none for one",
            mend="bring more files, or change 'heldout_fraction'",
        )
    name: Literal["train.jsonl", "heldout.jsonl"] = f"{split}.jsonl"  # type: ignore[assignment]
    path = output / name
    with write_errors(path), path.open("w", encoding="utf-8", newline="\n") as stream:
        for file in files:
            document = CorpusDocument(
                path=file.path,
                sha256=file.sha256,
                bytes=file.size,
                licence=file.licence,
                text=read_again(origin, file).decode("utf-8"),
            )
            stream.write(json.dumps(document.model_dump(), ensure_ascii=False) + "\n")
    return SplitEntry(
        file=name,
        sha256=sha256_file(path),
        documents=len(files),
        text_bytes=sum(file.size for file in files),
    )


def _lines(entries: list[FileEntry]) -> Iterator[str]:
    for entry in sorted(entries, key=lambda entry: entry.path):
        yield json.dumps(entry.model_dump(exclude_none=True), ensure_ascii=False) + "\n"


def write_records(
    output: Path,
    origin: Source,
    settings: CorpusSettings,
    entries: list[FileEntry],
    splits: dict[Split, SplitEntry],
) -> None:
    """Write the list of files, the licence and, last, the manifest."""
    files = "".join(_lines(entries)).encode()
    write_file(output / FILES, files)
    if origin.licence_text is not None:
        write_file(output / LICENCE, origin.licence_text)
    manifest = CorpusManifest(
        source=SourceEntry(
            kind=origin.kind,
            label=origin.label,
            suffixes=list(origin.suffixes),
            file_bytes_limit=settings.file_bytes_limit,
        ),
        licence=LicenceEntry(
            spdx=origin.licence,
            file=LICENCE if origin.licence_text is not None else None,
            sha256=sha256_bytes(origin.licence_text) if origin.licence_text is not None else None,
            found=origin.licence_found,
        ),
        licences=dict(
            sorted(Counter(e.licence or "" for e in entries if e.outcome in {"train", "heldout"}).items())
        ),
        near_duplicate_jaccard=settings.near_duplicate_jaccard,
        heldout_fraction=settings.heldout_fraction,
        containment=settings.containment,
        files_listed=len(entries),
        files_read=sum(entry.outcome != "skipped" for entry in entries),
        outcomes=dict(sorted(Counter(entry.outcome for entry in entries).items())),
        files_sha256=sha256_bytes(files),
        train=splits["train"],
        heldout=splits["heldout"],
        interpreter=source.interpreter(),
    )
    write_json(output / MANIFEST, manifest.model_dump())
