"""Whether the corpus took every file of its source, byte for byte.

The source is walked and hashed again, by code of this file alone.
"""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from specship.digests import sha256_bytes, sha256_file
from specship.errors import DamagedArtifact, RequirementMissing
from specship.pipeline.corpus.manifest import FileEntry, read_documents, read_files, read_manifest
from specship.pipeline.corpus.source import interpreter
from specship.probes.probe import Artifact, Figures, probe

if TYPE_CHECKING:
    from specship.pipeline.corpus.manifest import CorpusManifest

_CACHES: Final = {"__pycache__", ".git"}
_INSTALLED: Final = {"site-packages", "dist-packages", "lib-dynload"}
_SHOWN: Final = 8


@probe(
    "corpus.files",
    checked="files",
    files="files",
    listed="files",
    unlisted="files",
    vanished="files",
    changed="files",
    documents="documents",
    wrong_digests="documents",
    missing_documents="documents",
    escaping_paths="paths",
)
def corpus_files(corpus: Artifact) -> Figures:
    """Files on the disk against the corpus' list, and documents against their digests.

    `unlisted` are on the disk and not in the list, `vanished` the other way round, `changed` have
    other bytes than the list says. `missing_documents` counts listed documents that no split
    holds, and documents that nobody listed.

    Raises:
        RequirementMissing: the source is not on this machine.
        DamagedArtifact: the corpus cannot be read.
    """
    manifest = read_manifest(corpus.path)
    root = _root_of(manifest)
    entries = {entry.path: entry for entry in read_files(corpus.path)}
    on_disk = _walk(root, tuple(manifest.source.suffixes), library=manifest.source.kind == "python-stdlib")
    changed = [
        path for path in on_disk & entries.keys() if not _same_bytes(root / path, entries[path].sha256)
    ]
    documents, wrong, found = 0, [], set()
    for split in ("train", "heldout"):
        for document in read_documents(corpus.path, split):
            documents += 1
            found.add((document.path, split))
            data = document.text.encode("utf-8")
            entry = entries.get(document.path)
            if not _agrees(data, document.sha256, document.bytes, entry):
                wrong.append(document.path)
    listed = {(e.path, e.outcome) for e in entries.values() if e.outcome in {"train", "heldout"}}
    unlisted, vanished = on_disk - entries.keys(), {p for p in entries.keys() - on_disk if entries[p].sha256}
    return {
        "files": len(on_disk),
        "listed": len(entries),
        "unlisted": len(unlisted),
        "vanished": len(vanished),
        "changed": len(changed),
        "documents": documents,
        "wrong_digests": len(wrong),
        "missing_documents": len(listed ^ found) + documents - len(found),
        "escaping_paths": sum(_escapes(path) for path in entries),
        "notes": [
            *_named("not in the list", unlisted),
            *_named("not on the disk", vanished),
            *_named("changed", changed),
            *_named("text differs from its digest", wrong),
        ],
    }


def _root_of(manifest: CorpusManifest) -> Path:
    if manifest.source.kind == "python-stdlib" and manifest.source.label != interpreter():
        raise RequirementMissing(
            f"the corpus is of {manifest.source.label}, and this is {interpreter()}",
            mend="measure with the interpreter that made the corpus, or make the corpus again",
        )
    root = (
        Path(sysconfig.get_paths()["stdlib"])
        if manifest.source.kind == "python-stdlib"
        else Path(manifest.source.label)
    )
    if not root.is_dir():
        raise RequirementMissing(
            f"the source {manifest.source.label!r} is not here", mend="put or link the data there"
        )
    return root


def _walk(root: Path, suffixes: tuple[str, ...], *, library: bool) -> set[str]:
    """Relative names of everything with a suffix of the source; of a library, what belongs to it."""

    def refuse(error: OSError) -> None:
        raise DamagedArtifact(f"cannot be listed: {error.strerror}", at=error.filename) from error

    found: set[str] = set()
    for place, folders, names in os.walk(root, onerror=refuse):
        folders[:] = [name for name in folders if name not in _CACHES]
        folder = os.path.relpath(place, root)
        found |= {
            PurePosixPath(folder, name).as_posix().removeprefix("./")
            for name in names
            if name.endswith(suffixes)
        }
    return {path for path in found if not library or _belongs(PurePosixPath(path))}


def _belongs(path: PurePosixPath) -> bool:
    """Whether a file is the library's own: not installed later, and not written by its build."""
    return (
        _INSTALLED.isdisjoint(path.parts)
        and not path.parts[0].startswith("config-")
        and not path.name.startswith("_sysconfigdata_")
    )


def _same_bytes(path: Path, sha256: str | None) -> bool:
    """Whether a listed file has the listed bytes; a skipped one, listed without, has none to compare."""
    return sha256 is None or (path.is_file() and not path.is_symlink() and sha256_file(path) == sha256)


def _agrees(data: bytes, sha256: str, size: int, entry: FileEntry | None) -> bool:
    return (
        entry is not None
        and sha256_bytes(data) == sha256 == entry.sha256
        and len(data) == size == entry.bytes
    )


def _escapes(path: str) -> bool:
    pure = PurePosixPath(path)
    return pure.is_absolute() or ".." in pure.parts or "\\" in path[:3]


def _named(what: str, paths: set[str] | list[str]) -> list[str]:
    return [f"{what}: {path}" for path in sorted(paths)[:_SHOWN]]
