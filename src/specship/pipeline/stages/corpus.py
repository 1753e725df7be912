"""Corpus: licensed text without duplicates, split by document into training and held-out.

A file is read when it is a regular file of the right suffix, below the size limit, and decodes
as UTF-8 strictly. Exact and near-duplicates are removed before the split, so that none can
straddle it (Lee et al. 2021, arXiv:2107.06499). On which side a document falls is decided by a
hash of its content alone: neither its name, nor the order of files moves it. One exception:
a held-out document of which a training document holds most of the shingles joins training,
because its loss would measure memory.
"""
# ruff: noqa: N806 - a suffix names the axes: D documents, P values of a sketch

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from specship.digests import digest_of, sha256_bytes, sha256_file
from specship.errors import DamagedArtifact, UnusableInput
from specship.files import write_errors, write_file, write_json
from specship.pipeline.corpus import source as corpus_source
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
from specship.pipeline.corpus.near_duplicates import contained, near_duplicates, shingles_of, sketch
from specship.pipeline.corpus.source import Listed, Source
from specship.pipeline.stage import Settings, Stage, Work

if TYPE_CHECKING:
    from specship.pipeline.corpus.near_duplicates import Hashes, Sketches

Split = Literal["train", "heldout"]
_SPLITS: Final[tuple[Split, ...]] = ("train", "heldout")
_SPDX: Final = r"^[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*$"
_SKETCHED_AT_ONCE: Final = 256
_SHINGLE_CACHE: Final = 2048


class CorpusSettings(Settings):
    """Where the text comes from and how it is cleaned and split."""

    source: Literal["python-stdlib", "folder"] = "python-stdlib"
    path: str | None = None
    """Folder of the text, relative to the project; only for `folder`."""
    licence: Annotated[str, Field(pattern=_SPDX)] | None = None
    """SPDX expression of the folder's text; only for `folder`."""
    suffixes: tuple[str, ...] = (".py",)
    file_bytes_limit: Annotated[int, Field(ge=1, le=4 << 20)] = 4 << 20
    """Longer files are skipped and listed."""
    near_duplicate_jaccard: Annotated[float, Field(gt=0, le=1)] = 0.8
    heldout_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Expected share of documents, not of bytes, that is held out."""
    containment: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Share of a held-out document's shingles in one training document that moves it to training."""

    @model_validator(mode="after")
    def _folder_is_complete(self) -> Self:
        given = (self.path is not None, self.licence is not None)
        if given != ((True, True) if self.source == "folder" else (False, False)):
            raise ValueError("'path' and 'licence' belong to source 'folder', which needs both")
        if not self.suffixes or not all(suffix.startswith(".") for suffix in self.suffixes):
            raise ValueError("'suffixes' are like '.py'")
        return self


def _outside(settings: Mapping[str, Any], project: Path) -> str:
    """Digest of the names and bytes of the files that a corpus would be read from; of none, when none are."""
    section = CorpusSettings.model_validate_json(json.dumps(settings["corpus"]))
    root = (
        project / (section.path or "") if section.source == "folder" else corpus_source.python_stdlib_root()
    )
    source = Source(section.source, root, "", section.suffixes, "", None, "")
    listed = [entry.path for entry in corpus_source.list_files(source) if not entry.skipped]
    return digest_of([(path, sha256_file(root / path)) for path in listed])


STAGE = Stage(
    makes="corpus",
    lifecycle="corpus",
    settings={"corpus": CorpusSettings},
    packages=("rensa", "numpy"),
    outside=_outside,
)


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that can be a document."""

    path: str
    sha256: str
    size: int
    licence: str


def run(work: Work) -> None:
    """Make the corpus.

    Raises:
        RequirementMissing: the folder of text is not on this machine.
        UnusableInput: nothing is left for one of the splits.
        CannotWrite: the disk is full or refuses.
    """
    settings: CorpusSettings = work.settings["corpus"]
    make_corpus(_source_of(settings), settings, work)


def _source_of(settings: CorpusSettings) -> Source:
    if settings.source == "folder":
        return corpus_source.folder(settings.path or "", settings.licence or "", settings.suffixes)
    return corpus_source.python_stdlib()


def make_corpus(source: Source, settings: CorpusSettings, work: Work) -> None:
    """List, read, remove duplicates, split and write; the manifest comes last."""
    listed = corpus_source.list_files(source)
    entries, unique, sketches_DP = _read_all(source, settings, listed, work)
    shingles_at = _shingle_reader(source, unique)
    near = {
        duplicate: (unique[original], overlap)
        for duplicate, original, overlap in near_duplicates(
            sketches_DP, shingles_at, settings.near_duplicate_jaccard
        )
    }
    entries += [
        _entry(unique[index], "near-duplicate", duplicate_of=original.path, jaccard=round(overlap, 6))
        for index, (original, overlap) in sorted(near.items())
    ]
    sides = {
        index: side_of(file.sha256, settings.heldout_fraction)
        for index, file in enumerate(unique)
        if index not in near
    }
    reasons = _move_contained(sides, shingles_at, unique, settings.containment)
    splits: dict[Split, SplitEntry] = {}
    for split in _SPLITS:
        chosen = [index for index, side in sides.items() if side == split]
        entries += [_entry(unique[index], split, reason=reasons.get(index)) for index in chosen]
        splits[split] = _write_split(work.output, split, source, [unique[index] for index in chosen])
    _write_records(work.output, source, settings, entries, splits)


def side_of(sha256: str, heldout_fraction: float) -> Split:
    """The split of a document by its content's digest, hashed again to be independent of its order."""
    draw = int.from_bytes(hashlib.sha256(f"specship split {sha256}".encode()).digest()[:8], "big")
    return "heldout" if draw < heldout_fraction * 2.0**64 else "train"


def _read_all(
    source: Source, settings: CorpusSettings, listed: list[Listed], work: Work
) -> tuple[list[FileEntry], list[_Read], Sketches]:
    """Files that are no document, unique files in the order of their digest, and their sketches."""
    import numpy as np

    entries: list[FileEntry] = []
    seen: dict[str, _Read] = {}
    parts: list[Sketches] = []
    waiting: list[Hashes] = []
    for number, item in enumerate(listed, 1):
        work.report(number, len(listed), "files")
        file, data = _read_one(source, settings, item, entries)
        if file is None:
            continue
        if original := seen.get(file.sha256):
            entries.append(_entry(file, "duplicate", duplicate_of=original.path, jaccard=1.0))
            continue
        seen[file.sha256] = file
        waiting.append(shingles_of(data))
        if len(waiting) == _SKETCHED_AT_ONCE:
            parts.append(sketch(waiting))
            waiting = []
    if waiting:
        parts.append(sketch(waiting))
    if not parts:
        raise UnusableInput(
            f"no document among {len(listed)} files",
            at=source.label,
            why=f"a document is a UTF-8 file whose name ends in {' or '.join(source.suffixes)}",
            mend="name the endings of your files: 'suffixes'",
        )
    found = list(seen.values())
    order = sorted(range(len(found)), key=lambda index: found[index].sha256)
    return entries, [found[index] for index in order], np.concatenate(parts)[order]


def _read_one(
    source: Source, settings: CorpusSettings, item: Listed, entries: list[FileEntry]
) -> tuple[_Read | None, bytes]:
    """A listed file and its bytes; None when it is skipped, which is then among `entries`."""
    reason, data = item.skipped, b""
    if not reason:
        try:
            read = corpus_source.read_bounded(source.root / item.path, settings.file_bytes_limit)
            reason = "" if read is not None else f"longer than {settings.file_bytes_limit} bytes"
            data = read or b""
            data.decode("utf-8")
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
        except UnicodeDecodeError as error:
            reason = f"not UTF-8: {error.reason} at byte {error.start}"
        if not reason and not data.strip():
            reason = "empty"
    if reason:
        entries.append(FileEntry(path=item.path, outcome="skipped", reason=reason))
        return None, b""
    licence = corpus_source.stated_licence(data, source.licence)
    return _Read(item.path, sha256_bytes(data), len(data), licence), data


def _shingle_reader(source: Source, files: list[_Read]) -> Callable[[int], Hashes]:
    """Shingles of a file by its number; the last ones asked for are remembered."""

    @lru_cache(maxsize=_SHINGLE_CACHE)
    def shingles_at(index: int) -> Hashes:
        return shingles_of(_again(source, files[index]))

    return shingles_at


def _move_contained(
    sides: dict[int, Split], shingles_at: Callable[[int], Hashes], files: list[_Read], threshold: float
) -> dict[int, str]:
    """Move held-out documents that training documents contain, until there is none; why, by number."""
    reasons: dict[int, str] = {}
    new = [index for index, side in sides.items() if side == "train"]
    while new:
        heldout = [index for index, side in sides.items() if side == "heldout"]
        found = contained(
            [shingles_at(index) for index in heldout],
            ((index, shingles_at(index)) for index in new),
            threshold,
        )
        new = [heldout[place] for place in found]
        for place, (holder, share) in found.items():
            sides[heldout[place]] = "train"
            reasons[heldout[place]] = f"{share:.3f} of its shingles stand in {files[holder].path}"
    return reasons


def _again(source: Source, file: _Read) -> bytes:
    """A file's bytes once more; whole corpora do not fit into memory.

    Raises:
        DamagedArtifact: they are no longer those that were read first.
    """
    try:
        data = corpus_source.read_bounded(source.root / file.path, file.size)
    except OSError:
        data = None
    if data is None or sha256_bytes(data) != file.sha256:
        raise DamagedArtifact(
            "the file changed while the corpus was made", at=file.path, mend="run the stage again"
        )
    return data


def _entry(file: _Read, outcome: Any, **more: Any) -> FileEntry:
    return FileEntry(
        path=file.path, outcome=outcome, bytes=file.size, sha256=file.sha256, licence=file.licence, **more
    )


def _write_split(output: Path, split: Split, source: Source, files: list[_Read]) -> SplitEntry:
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
                text=_again(source, file).decode("utf-8"),
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


def _write_records(
    output: Path,
    source: Source,
    settings: CorpusSettings,
    entries: list[FileEntry],
    splits: dict[Split, SplitEntry],
) -> None:
    files = "".join(_lines(entries)).encode()
    write_file(output / FILES, files)
    if source.licence_text is not None:
        write_file(output / LICENCE, source.licence_text)
    manifest = CorpusManifest(
        source=SourceEntry(
            kind=source.kind,
            label=source.label,
            suffixes=list(source.suffixes),
            file_bytes_limit=settings.file_bytes_limit,
        ),
        licence=LicenceEntry(
            spdx=source.licence,
            file=LICENCE if source.licence_text is not None else None,
            sha256=sha256_bytes(source.licence_text) if source.licence_text is not None else None,
            found=source.licence_found,
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
        interpreter=corpus_source.interpreter(),
    )
    write_json(output / MANIFEST, manifest.model_dump())
