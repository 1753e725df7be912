"""Whether the corpus took every file of its source, byte for byte.

The source is walked and hashed again, by code of this file alone.
"""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Final

from specship.digests import sha256_bytes, sha256_file
from specship.errors import DamagedArtifact, RequirementMissing
from specship.pipeline.corpus.manifest import (
    FileEntry,
    SourceEntry,
    SourceRecord,
    read_documents,
    read_files,
    read_manifest,
)
from specship.pipeline.corpus.source import interpreter
from specship.probes.probe import Artifact, Figures, probe

_CACHES: Final = {"__pycache__", ".git"}
_INSTALLED: Final = {"site-packages", "dist-packages", "lib-dynload"}
_PACKED: Final = {".gz", ".bz2", ".xz", ".zst"}
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
    entries = {entry.path: entry for entry in read_files(corpus.path)}
    sources = [_SourceToday(one) for one in manifest.sources] or [_SourceToday(manifest.source)]
    on_disk = {path: place for one in sources for path, place in one.files().items()}
    recorded = {path: entry.sha256 for path, entry in entries.items()}
    for one in sources:
        recorded = one.listed(recorded)
    changed = [
        path
        for path in on_disk.keys() & recorded.keys()
        if not _same_bytes(on_disk[path], recorded[path], packed=entries.get(path))
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
    unlisted = on_disk.keys() - recorded.keys()
    vanished = {path for path in recorded.keys() - on_disk.keys() if recorded[path]}
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


class _SourceToday:
    """A source as this machine has it: which files it has today, and under which names they were listed."""

    def __init__(self, told: SourceEntry | SourceRecord) -> None:
        self._told = told
        self._prefix = told.prefix if isinstance(told, SourceRecord) else ""
        self._containers = told.containers if isinstance(told, SourceRecord) else []
        self._root = _root_of(told)

    def files(self) -> dict[str, Path]:
        """Files of today by the name under which the corpus lists them."""
        if self._told.kind == "installed-packages":
            names = _installed(tuple(self._told.suffixes))
        elif self._root.is_file():
            return {f"{self._prefix}{self._root.name}": self._root}
        else:
            library = self._told.kind == "python-stdlib"
            names = _walk(self._root, tuple(self._told.suffixes), library=library)
        return {f"{self._prefix}{name}": self._root / name for name in names}

    def listed(self, recorded: Mapping[str, str | None]) -> dict[str, str | None]:
        """What is listed, with files of several documents in place of the documents themselves."""
        if not self._containers:
            return dict(recorded)
        names = {f"{self._prefix}{one.path}": one.sha256 for one in self._containers}
        return {
            path: sha256 for path, sha256 in recorded.items() if path.partition("#")[0] not in names
        } | names


def _root_of(source: SourceEntry | SourceRecord) -> Path:
    if source.kind in {"python-stdlib", "installed-packages"} and not source.label.endswith(interpreter()):
        raise RequirementMissing(
            f"the corpus is of {source.label}, and this is {interpreter()}",
            mend="measure with the interpreter that made the corpus, or make the corpus again",
        )
    own = {"python-stdlib": "stdlib", "installed-packages": "purelib"}.get(source.kind)
    root = Path(sysconfig.get_paths()[own]) if own else Path(source.label)
    if not root.exists():
        raise RequirementMissing(
            f"the source {source.label!r} is not here", mend="put or link the data there"
        )
    return root


def _installed(suffixes: tuple[str, ...]) -> set[str]:
    """Files of installed distributions by their own lists."""
    root = sysconfig.get_paths()["purelib"]
    names = {str(file) for one in metadata.distributions(path=[root]) for file in one.files or () if one.name}
    return {
        name
        for name in names
        if name.endswith(suffixes) and not {"..", "__pycache__", "/"} & {*PurePosixPath(name).parts}
    }


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


def _same_bytes(path: Path, sha256: str | None, *, packed: FileEntry | None) -> bool:
    """Whether a listed file has the listed bytes; a skipped one, listed without, has none to compare.

    Of a compressed file the document's bytes are listed, and not the file's own: it is there, no more.
    """
    if sha256 is None or (packed is not None and path.suffix in _PACKED):
        return True
    return path.is_file() and not path.is_symlink() and sha256_file(path) == sha256


def _agrees(data: bytes, sha256: str, size: int, entry: FileEntry | None) -> bool:
    return (
        entry is not None
        and sha256_bytes(data) == sha256 == entry.sha256
        and len(data) == size == entry.bytes
    )


def _escapes(path: str) -> bool:
    pure = PurePosixPath(path)
    return pure.is_absolute() or ".." in pure.parts or "\\" in path[:3]


def _named(what: str, paths: Iterable[str]) -> list[str]:
    return [f"{what}: {path}" for path in sorted(paths)[:_SHOWN]]
