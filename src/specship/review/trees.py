"""The files of one side: of a commit, of the index, or of the working tree, all asked in the same way.

Paths lie within the repository, with `/`. Links are followed inside of it and nowhere else; a file is named
by the id that git gives to its bytes, so that equal ids on two sides mean equal bytes.
"""

from __future__ import annotations

import os
import posixpath
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Final

from specship import bounds
from specship.errors import UnusableInput
from specship.evidence.repository import FOLDER, LINK, SUBMODULE, Entry, Repository, blob_oid

_MOST_LINKS: Final = 16
_FILE: Final = 0o100644
_NOTHING: Final = Entry(0, "")


class Tree(ABC):
    """The files of one side."""

    def __init__(self, repository: Repository, name: str) -> None:
        self.repository = repository
        self.name = name
        """What people call it: `main`, `the index`."""
        self.role = "base"
        """What it is in a review: `base`, `head`, or the `tip` of base."""

    @abstractmethod
    def _listed(self, folder: str) -> dict[str, Entry]:
        """What a folder holds that is reached without links; empty where there is no such folder."""

    @abstractmethod
    def _bytes(self, found: list[tuple[str, Entry]]) -> list[bytes]:
        """The bytes of files that were found."""

    def shown(self, path: str) -> str:
        """A path for people, with the side that it is read from, as git writes it."""
        return f"{self.name}:{path}"

    def find(self, path: str) -> tuple[str, Entry] | None:
        """Where a path leads, links followed, and what is there; None where nothing is.

        Raises:
            UnusableInput: it leads out of the repository, into a submodule, or around in a circle.
        """
        pending, at, entry = _parts(path), "", Entry(FOLDER, "")
        links = 0
        while pending:
            name = pending.pop(0)
            if name == "..":
                if not at:
                    raise UnusableInput(
                        "a path that leads out of the repository",
                        at=self.shown(path),
                        why="what lies outside is no part of a change",
                        mend="move the folder inside",
                    )
                at, entry = posixpath.dirname(at), Entry(FOLDER, "")
                continue
            found = self._listed(at).get(name)
            if found is None:
                return None
            if found.mode == LINK:
                links += 1
                target = os.fsdecode(self._bytes([(posixpath.join(at, name), found)])[0])
                if links > _MOST_LINKS or target.startswith("/"):
                    raise UnusableInput(
                        "a link out of the project"
                        if target.startswith("/")
                        else "a link that leads nowhere",
                        at=self.shown(path),
                        mend="replace it by the file",
                        code="SHIP101",
                    )
                pending = [*_parts(target), *pending]
                continue
            at, entry = posixpath.join(at, name), found
            if found.mode == SUBMODULE:
                raise UnusableInput(
                    "a submodule: its files are in another repository",
                    at=self.shown(at),
                    why="a change in there is one line here, which says nothing of what it means",
                    mend="review it in its own repository, and keep contracts and spec in this one",
                )
        return at, entry

    def file(self, path: str) -> Entry | None:
        """The file at a path; None where there is none."""
        found = self.find(path)
        return None if found is None or stat.S_IFMT(found[1].mode) == FOLDER else found[1]

    def names(self, folder: str) -> dict[str, Entry]:
        """The files of a folder itself, links followed; empty where there is no such folder."""
        found = self.find(folder)
        if found is None or found[1].mode != FOLDER:
            return {}
        names = {}
        for name, entry in self._listed(found[0]).items():
            own = self.find(posixpath.join(found[0], name)) if entry.mode == LINK else ("", entry)
            if own is not None and own[1].mode not in {FOLDER, SUBMODULE}:
                names[name] = own[1]
        return names

    def walk(self, folder: str) -> Iterator[tuple[str, Entry]]:
        """The files of a folder and of all below it, by their names within it; links are not followed."""
        found = self.find(folder)
        pending = [""] if found is not None and found[1].mode == FOLDER else []
        while pending:
            inside = pending.pop()
            listed = self._listed(posixpath.join(found[0] if found else "", inside).rstrip("/"))
            for name, entry in listed.items():
                path = posixpath.join(inside, name)
                if entry.mode == FOLDER:
                    pending.append(path)
                elif entry.mode not in {LINK, SUBMODULE}:
                    yield path, entry

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        """The bytes of files by path; those that are not there are left out."""
        found = [(path, self.find(path)) for path in paths]
        there = [(path, own) for path, own in found if own is not None and own[1].mode != FOLDER]
        return dict(zip([path for path, _ in there], self._bytes([own for _, own in there]), strict=True))


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]


class CommittedTree(Tree):
    """The files of a commit."""

    def __init__(self, repository: Repository, name: str, tree: str) -> None:
        super().__init__(repository, name)
        self.tree = tree

    def _listed(self, folder: str) -> dict[str, Entry]:
        own = self.repository.folder(self.tree)
        for part in _parts(folder):
            entry = own.get(part)
            if entry is None or entry.mode != FOLDER:
                return {}
            own = self.repository.folder(entry.oid)
        return own

    def _bytes(self, found: list[tuple[str, Entry]]) -> list[bytes]:
        read = self.repository.blobs([entry.oid for _, entry in found])
        return [read[entry.oid] for _, entry in found]

    def differing(self, other: CommittedTree) -> Iterator[str]:
        """Paths of files that are not the same on another side; folders with one id are not looked into."""
        pending = [("", Entry(FOLDER, self.tree), Entry(FOLDER, other.tree))]
        empty: dict[str, Entry] = {}
        while pending:
            at, one, two = pending.pop()
            own, theirs = (self.repository.folder(e.oid) if e.mode == FOLDER else empty for e in (one, two))
            for name in own.keys() | theirs.keys():
                before, after = own.get(name, _NOTHING), theirs.get(name, _NOTHING)
                if before == after:
                    continue
                path = posixpath.join(at, name)
                if FOLDER in {before.mode, after.mode}:
                    pending.append((path, before, after))
                if {before.mode, after.mode} - {FOLDER, 0}:
                    yield path


class StagedTree(Tree):
    """The files of the index: what the next commit would hold."""

    def __init__(self, repository: Repository) -> None:
        super().__init__(repository, "the index")
        self._folders: dict[str, dict[str, Entry]] = {"": {}}
        for path, entry in repository.staged().items():
            at, _, name = path.rpartition("/")
            self._folders.setdefault(at, {})[name] = entry
            while at and posixpath.basename(at) not in self._folders.setdefault(posixpath.dirname(at), {}):
                self._folders[posixpath.dirname(at)][posixpath.basename(at)] = Entry(FOLDER, "")
                at = posixpath.dirname(at)

    def _listed(self, folder: str) -> dict[str, Entry]:
        return self._folders.get(folder, {})

    def _bytes(self, found: list[tuple[str, Entry]]) -> list[bytes]:
        read = self.repository.blobs([entry.oid for _, entry in found])
        return [read[entry.oid] for _, entry in found]

    def shown(self, path: str) -> str:
        """As git names what is staged."""
        return f":{path}"


class WorkingTree(Tree):
    """The files as they lie on the disk, committed or not."""

    def __init__(self, repository: Repository) -> None:
        super().__init__(repository, "the working tree")
        self._folders: dict[str, dict[str, Entry]] = {}

    def _listed(self, folder: str) -> dict[str, Entry]:
        if folder not in self._folders:
            place = self.repository.top / folder
            names = sorted(os.listdir(place)) if place.is_dir() and not place.is_symlink() else ()  # noqa: PTH208
            found = {name: self._entry(str(place / name)) for name in names if name != ".git"}
            self._folders[folder] = {name: entry for name, entry in found.items() if entry is not None}
        return self._folders[folder]

    def _entry(self, path: str) -> Entry | None:
        about = os.lstat(path)
        if stat.S_ISDIR(about.st_mode):
            return Entry(FOLDER, "")
        if stat.S_ISLNK(about.st_mode):
            return Entry(LINK, "")
        return Entry(_FILE, "") if stat.S_ISREG(about.st_mode) else None

    def _bytes(self, found: list[tuple[str, Entry]]) -> list[bytes]:
        return [self._read(path, entry) for path, entry in found]

    def _read(self, path: str, entry: Entry) -> bytes:
        place = self.repository.top / path
        if entry.mode == LINK:
            return os.fsencode(os.readlink(place))  # noqa: PTH115
        if place.stat().st_size > bounds.GIT_OBJECT_BYTES:
            raise UnusableInput(
                f"more than {bounds.GIT_OBJECT_BYTES} bytes", at=path, mend="split it", code="SHIP102"
            )
        return place.read_bytes()

    def names(self, folder: str) -> dict[str, Entry]:
        """With the ids that git would give to the files."""
        found = super().names(folder)
        read = self.read(posixpath.join(folder, name) for name in found)
        algorithm = self.repository.algorithm
        return {
            name: entry._replace(oid=blob_oid(read[posixpath.join(folder, name)], algorithm))
            for name, entry in found.items()
        }

    def walk(self, folder: str) -> Iterator[tuple[str, Entry]]:
        """As `names`."""
        for path, entry in super().walk(folder):
            (data,) = self.read([posixpath.join(folder, path)]).values()
            yield path, entry._replace(oid=blob_oid(data, self.repository.algorithm))

    def shown(self, path: str) -> str:
        """The path alone: it is the one on the disk."""
        return path
