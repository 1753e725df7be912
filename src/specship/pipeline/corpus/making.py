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
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specship.digests import digest_of, sha256_bytes, sha256_file
from specship.errors import UnusableInput
from specship.pipeline.corpus import source
from specship.pipeline.corpus.manifest import (
    FileEntry,
    SplitEntry,
)
from specship.pipeline.corpus.near_duplicates import contained, near_duplicates, shingles_of, sketch
from specship.pipeline.corpus.settings import CorpusSettings
from specship.pipeline.corpus.source import Listed, Source
from specship.pipeline.corpus.writing import ReadFile, Split, read_again, write_records, write_split
from specship.pipeline.stage import Work

if TYPE_CHECKING:
    from specship.pipeline.corpus.near_duplicates import Hashes, Sketches

_SPLITS: Final[tuple[Split, ...]] = ("train", "heldout")
_SKETCHED_AT_ONCE: Final = 256
_SHINGLE_CACHE: Final = 2048


def source_digest(settings: Mapping[str, Any], project: Path) -> str:
    """Digest of the names and bytes of the files that a corpus would be read from; of none, when none are."""
    section = CorpusSettings.model_validate_json(json.dumps(settings["corpus"]))
    root = project / (section.path or "") if section.source == "folder" else source.python_stdlib_root()
    origin = Source(section.source, root, "", section.suffixes, "", None, "")
    listed = [entry.path for entry in source.list_files(origin) if not entry.skipped]
    return digest_of([(path, sha256_file(root / path)) for path in listed])


def make_from_settings(work: Work) -> None:
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
        return source.folder(settings.path or "", settings.licence or "", settings.suffixes)
    return source.python_stdlib()


def make_corpus(origin: Source, settings: CorpusSettings, work: Work) -> None:
    """List, read, remove duplicates, split and write; the manifest comes last."""
    listed = source.list_files(origin)
    entries, unique, sketches_DP = _read_all(origin, settings, listed, work)
    shingles_at = _shingle_reader(origin, unique)
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
        splits[split] = write_split(work.output, split, origin, [unique[index] for index in chosen])
    write_records(work.output, origin, settings, entries, splits)


def side_of(sha256: str, heldout_fraction: float) -> Split:
    """The split of a document by its content's digest, hashed again to be independent of its order."""
    draw = int.from_bytes(hashlib.sha256(f"specship split {sha256}".encode()).digest()[:8], "big")
    return "heldout" if draw < heldout_fraction * 2.0**64 else "train"


def _read_all(
    origin: Source, settings: CorpusSettings, listed: list[Listed], work: Work
) -> tuple[list[FileEntry], list[ReadFile], Sketches]:
    """Files that are no document, unique files in the order of their digest, and their sketches."""
    import numpy as np

    entries: list[FileEntry] = []
    seen: dict[str, ReadFile] = {}
    parts: list[Sketches] = []
    waiting: list[Hashes] = []
    for number, item in enumerate(listed, 1):
        work.report(number, len(listed), "files")
        file, data = _read_one(origin, settings, item, entries)
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
            at=origin.label,
            why=f"a document is a UTF-8 file whose name ends in {' or '.join(origin.suffixes)}",
            mend="name the endings of your files: 'suffixes'",
        )
    found = list(seen.values())
    order = sorted(range(len(found)), key=lambda index: found[index].sha256)
    return entries, [found[index] for index in order], np.concatenate(parts)[order]


def _read_one(
    origin: Source, settings: CorpusSettings, item: Listed, entries: list[FileEntry]
) -> tuple[ReadFile | None, bytes]:
    """A listed file and its bytes; None when it is skipped, which is then among `entries`."""
    reason, data = item.skipped, b""
    if not reason:
        try:
            read = source.read_bounded(origin.root / item.path, settings.file_bytes_limit)
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
    licence = source.stated_licence(data, origin.licence)
    return ReadFile(item.path, sha256_bytes(data), len(data), licence), data


def _shingle_reader(origin: Source, files: list[ReadFile]) -> Callable[[int], Hashes]:
    """Shingles of a file by its number; the last ones asked for are remembered."""

    @lru_cache(maxsize=_SHINGLE_CACHE)
    def shingles_at(index: int) -> Hashes:
        return shingles_of(read_again(origin, files[index]))

    return shingles_at


def _move_contained(
    sides: dict[int, Split], shingles_at: Callable[[int], Hashes], files: list[ReadFile], threshold: float
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


def _entry(file: ReadFile, outcome: Any, **more: Any) -> FileEntry:
    return FileEntry(
        path=file.path, outcome=outcome, bytes=file.size, sha256=file.sha256, licence=file.licence, **more
    )
