"""What of a checkout is committed, established from the bytes and from git's objects alone.

Git's index is not asked: a file can be marked there as one that never changes. Neither are
`.git/info/exclude` and a user's own settings, which can hide files. Each file of HEAD is hashed as it lies
here, and every file that the project reads has to be one of them, whatever is ignored.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from specship.errors import RequirementMissing, UnusableInput
from specship.evidence.repository import FOLDER, LINK, SUBMODULE, Entry, Repository, open_repository

_CHUNK: Final = 1 << 20
_COMPILED: Final = "__pycache__"


class CheckoutState(NamedTuple):
    """The commit of a checkout, and what is here that it does not have so."""

    commit: str
    """Empty outside of git, and before a first commit."""
    differs: tuple[str, ...]
    """Files and folders, each with what is the matter with it; empty where all is committed."""


def committed(root: Path, folders: Iterable[Path] = ()) -> CheckoutState:
    """Whether the checkout that a folder is in holds what its commit holds.

    `folders` are files and folders that the project reads: nothing in them may be left out of the commit, and
    they lie inside of the repository.
    """
    try:
        with open_repository(root) as repository:
            commit, tree = repository.commit("HEAD")
            return CheckoutState(commit, tuple(sorted(set(_differences(repository, tree, folders)))))
    except (UnusableInput, RequirementMissing) as error:
        return CheckoutState("", (error.message,))


def _differences(repository: Repository, tree: str, folders: Iterable[Path]) -> Iterator[str]:
    entries = dict(_files(repository, tree))
    for path, entry in entries.items():
        if not _as_committed(repository.top / path, entry, repository.algorithm):
            yield f"{path}: not as it is committed"
    for path in repository.untracked():
        if path not in entries:
            yield f"{path}: not committed"
    for folder in folders:
        yield from _left_out(repository.top, folder, entries)


def _left_out(top: Path, folder: Path, entries: Mapping[str, Entry]) -> Iterator[str]:
    """What lies in a folder that the project reads and is not committed, ignored or not."""
    real = folder.resolve()
    if not real.is_relative_to(top):
        yield f"{folder}: outside of the repository"
        return
    inside = real.rglob("*") if real.is_dir() else [real] if real.exists() else []
    for path in inside:
        name = path.relative_to(top)
        if _COMPILED in name.parts or (path.is_dir() and not path.is_symlink()):
            continue
        if name.as_posix() not in entries:
            yield f"{name.as_posix()}: not committed"


def _files(repository: Repository, tree: str, folder: str = "") -> Iterator[tuple[str, Entry]]:
    for name, entry in repository.folder(tree).items():
        if entry.mode == FOLDER:
            yield from _files(repository, entry.oid, f"{folder}{name}/")
        else:
            yield folder + name, entry


def _as_committed(path: Path, entry: Entry, algorithm: str) -> bool:
    try:
        if entry.mode == SUBMODULE:
            return not any(path.iterdir()) or committed(path) == (entry.oid, ())
        if entry.mode == LINK:
            return path.is_symlink() and _oid([os.fsencode(path.readlink())], algorithm) == entry.oid
        if path.is_symlink() or not path.is_file():
            return False
        return _file_oid(path, algorithm) == entry.oid
    except OSError:
        return False


def _file_oid(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        return _oid(iter(lambda: file.read(_CHUNK), b""), algorithm, size)


def _oid(chunks: Iterable[bytes], algorithm: str, size: int | None = None) -> str:
    """The id that git gives to a file's bytes."""
    if size is None:
        chunks = list(chunks)
        size = sum(map(len, chunks))
    digest = hashlib.new(algorithm, usedforsecurity=False)
    digest.update(b"blob %d\0" % size)
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


class CommitHistory:
    """When git first had each file of a folder, by the order of the commits.

    A date can be written into a commit. So a commit counts as no earlier than any that it follows: whoever
    adds a file upon the commit that revoked a key adds it after that.
    """

    def __init__(self, repository: Repository, folder: str) -> None:
        """`folder` is one of the repository."""
        moments: dict[str, int] = {}
        for commit, parents, seconds in repository.commits():
            moments[commit] = max([seconds, *(moments.get(parent, 0) for parent in parents)])
        self._seen: dict[str, int] = {}
        for commit, path in repository.added(folder):
            name = path.removeprefix(f"{folder}/")
            self._seen[name] = min(self._seen.get(name, moments[commit]), moments[commit])

    @classmethod
    def of(cls, folder: Path) -> CommitHistory | None:
        """The history of a folder; None where there is no git, or no commit."""
        try:
            with open_repository(folder) as repository:
                repository.commit("HEAD")
                return cls(repository, folder.resolve().relative_to(repository.top).as_posix())
        except (UnusableInput, RequirementMissing, ValueError):
            return None

    @property
    def names(self) -> frozenset[str]:
        """Every file that was ever committed in the folder."""
        return frozenset(self._seen)

    def first_seen(self, name: str) -> datetime | None:
        """When a file was first committed; None where it never was."""
        seconds = self._seen.get(name)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
