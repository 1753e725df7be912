"""One side of a review: its settings, spec, profiles and contracts, by the readers that every verb uses.

Nothing of the project is imported or run. The few files of the settings and the spec are laid out in a
private folder, because their readers want one; contracts are read from bytes, those alone that are asked for.
"""

from __future__ import annotations

import posixpath
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from specship.contracts.document import document_of
from specship.contracts.reader import ContractFile, contract_of, not_read, repeated_ids
from specship.errors import Place, SpecshipError, UnreadableDocument, UnusableInput
from specship.evidence.repository import Entry
from specship.garbage import undisturbed
from specship.review.packed_evidence import PackedEvidence, packed_evidence
from specship.review.trees import CommittedTree, Tree
from specship.specs.project import Configuration, find_configuration, survey_spec
from specship.specs.reader import SpecFolder, survey_spec_folder

SETTINGS = "pyproject.toml"


@dataclass
class ProjectSide:
    """What a project wrote down at one revision. A revision without specship has no settings and no spec."""

    tree: Tree
    place: str = ""
    """The project's folder within the repository; empty at its top."""
    configuration: Configuration | None = None
    spec: SpecFolder | None = None
    tools: Mapping[str, Any] = field(default_factory=dict)
    """The whole table `[tool]` of pyproject.toml."""
    files: Mapping[str, Entry | None] = field(default_factory=dict)
    """What settings and spec are read from, by path within the repository."""
    contracts: Mapping[str, Entry] = field(default_factory=dict)
    """Contract files by path within the project."""

    def inside(self, path: str) -> str:
        """A path of the project as one of the repository."""
        return posixpath.normpath(posixpath.join(self.place, path))

    @cached_property
    def packed(self) -> PackedEvidence:
        """What the packs of its evidence hold."""
        return packed_evidence(self.tree, self.inside("evidence")) if self.configuration else PackedEvidence()

    @property
    def contract_folder(self) -> str:
        """As the settings write it."""
        return self.configuration.contracts if self.configuration else ""

    def naming(self, paths: Iterable[str], words: frozenset[str]) -> set[str]:
        """Those of some contracts in whose text one of these words stands, or may stand behind an escape."""
        by_place = {self.inside(path): path for path in paths}
        told = [word.encode() for word in words]
        return {
            by_place[at]
            for at, data in self.tree.read(by_place).items()
            if b"\\" in data or any(word in data for word in told)
        }

    def own_folder(self, name: str | None) -> dict[str, Entry]:
        """Every file below a folder of the project by its path in the repository; empty without a folder."""
        if not name:
            return {}
        folder = self.inside(name)
        return {posixpath.join(folder, inside): entry for inside, entry in self.tree.walk(folder)}

    def lines_of_settings(self) -> list[str]:
        """The text of pyproject.toml."""
        data = self.tree.read([self.inside(SETTINGS)])
        return next(iter(data.values()), b"").decode("utf-8", "replace").splitlines()


def read_side(
    tree: Tree, beside: str, other: ProjectSide | None = None, facing: Tree | None = None
) -> ProjectSide:
    """The side that a tree holds; `beside` is the folder of the repository that a person stands in.

    `other` is the side that was read before: where settings and spec are the same bytes, so is what they say.
    `facing` is the tree of the other side: a project that is not where it is expected may have moved.

    Raises:
        UnreadableDocument: settings, spec or profiles have faults; each has its place.
        UnusableInput: the project may have moved to or from several places.
    """
    found = _settings(tree, beside) or (_moved(tree, facing) if facing else None)
    if found is None:
        return ProjectSide(tree)
    place, tools = found
    spec_folder = tools["specship"].get("spec")
    home = posixpath.normpath(posixpath.join(place, spec_folder)) if isinstance(spec_folder, str) else place
    files = {
        posixpath.join(place, SETTINGS): tree.file(posixpath.join(place, SETTINGS)),
        **_spec_files(tree, home),
        **_stage_files(tree, place, tools["specship"].get("stages")),
    }
    side = ProjectSide(tree, place, tools=tools, files=files)
    if other is not None and all(entry and entry.oid for entry in files.values()) and other.files == files:
        side.configuration, side.spec = other.configuration, other.spec
    else:
        _read(side, home)
    side.contracts = _contracts(side)
    return side


def _read(side: ProjectSide, home: str) -> None:
    """Settings, spec and profiles of a side, by the readers of every verb.

    Raises:
        UnreadableDocument: they have faults; each has its place.
    """
    top = side.tree.repository.private(side.tree.role)
    _lay_out(side.tree, side.files, top)
    root = top / side.place
    try:
        configured = find_configuration(root)
        if configured is None:
            spec, faults = survey_spec_folder(top / home, root=root)
        else:
            spec, faults = survey_spec(root, configured[1])
    except UnusableInput as error:
        raise located(_faults(error), side.tree, side.place) from error
    if faults:
        raise located(faults, side.tree, side.place)
    side.configuration, side.spec = configured[1] if configured else None, spec


def _settings(tree: Tree, beside: str) -> tuple[str, Mapping[str, Any]] | None:
    """The project's folder at or above a folder, and its tools."""
    places = [beside]
    while places[-1]:
        places.append(posixpath.dirname(places[-1]))
    return next((own for own in (_table(tree, place) for place in places) if own), None)


def _moved(tree: Tree, facing: Tree) -> tuple[str, Mapping[str, Any]] | None:
    """The one project of a commit that is not in the same place on the other side."""
    if not isinstance(tree, CommittedTree):
        return None
    places = [posixpath.dirname(path) for path, _ in tree.walk("") if posixpath.basename(path) == SETTINGS]
    here = [own for own in (_table(tree, place) for place in places) if own]
    found = [own for own in here if not _table(facing, own[0])]
    if len(found) > 1:
        raise UnusableInput(
            f"{tree.name} has projects in {', '.join(sorted(place or '.' for place, _ in found))}",
            why="the project is not where it is on the other side, and one of them is meant",
            mend="run the command inside of it",
        )
    return found[0] if found else None


def _table(tree: Tree, place: str) -> tuple[str, Mapping[str, Any]] | None:
    path = posixpath.join(place, SETTINGS)
    text = next(iter(tree.read([path]).values()), b"").decode("utf-8-sig", "replace")
    if "specship" not in text:
        return None
    try:
        tools = tomllib.loads(text).get("tool")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UnusableInput(f"not TOML: {error}", at=tree.shown(path), mend="mend the file") from error
    return (place, tools) if isinstance(tools, dict) and isinstance(tools.get("specship"), dict) else None


def _spec_files(tree: Tree, home: str) -> dict[str, Entry | None]:
    """The files of a spec's folder, those too that its reader refuses."""
    folders = ("", "profiles", "amendments")
    names = {
        posixpath.join(home, folder, name): entry
        for folder in folders
        for name, entry in tree.names(posixpath.join(home, folder)).items()
    }
    return {path: entry for path, entry in names.items() if path.lower().endswith((".yaml", ".yml"))}


def _stage_files(tree: Tree, place: str, folder: object) -> dict[str, Entry | None]:
    """The files of the project's own stages."""
    if not isinstance(folder, str):
        return {}
    home = posixpath.normpath(posixpath.join(place, folder))
    return {posixpath.join(home, name): entry for name, entry in tree.walk(home)}


def _lay_out(tree: Tree, paths: Iterable[str], root: Path) -> None:
    """Write files into a private folder; their paths were resolved within the repository."""
    for path, data in tree.read(paths).items():
        place = root / path
        if not place.resolve().is_relative_to(root):
            raise UnusableInput(
                "a path that leads out of the repository",
                at=tree.shown(path),
                mend="write a path inside the repository",
            )
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def _contracts(side: ProjectSide) -> dict[str, Entry]:
    """The contract files of a side.

    Raises:
        UnreadableDocument: files that look like contracts and would not be read.
    """
    home, shown = side.inside(side.contract_folder), posixpath.normpath(side.contract_folder)
    names = side.tree.names(home)
    below = sorted({*names, *(path for path, _ in side.tree.walk(home))})
    folder = posixpath.basename(home)
    wrong = [
        not_read(posixpath.join(shown, name), what="a contract", folder=folder, below="/" in name)
        for name in below
    ]
    if faults := [fault for fault in wrong if fault is not None]:
        raise located(faults, side.tree, side.place)
    return {
        posixpath.join(shown, name): entry for name, entry in sorted(names.items()) if name.endswith(".yaml")
    }


class Contracts:
    """Contracts of both sides, each text read once."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, str], ContractFile] = {}

    def of(self, side: ProjectSide, paths: Iterable[str]) -> dict[str, ContractFile]:
        """Some contracts of a side by path.

        Raises:
            UnreadableDocument: one has a fault; all faults of these files are told, each with its place.
        """
        wanted = sorted(paths)
        missing = [path for path in wanted if (path, side.contracts[path].oid) not in self._read]
        data = side.tree.read(side.inside(path) for path in missing)
        faults: list[UnusableInput] = []
        with undisturbed():
            for path in missing:
                try:
                    document = document_of(data[side.inside(path)], path, keep=True)
                except UnusableInput as error:
                    faults += _faults(error)
                    continue
                file, own = contract_of(document, file_name=posixpath.basename(path))
                faults += own
                if file is not None:
                    self._read[path, side.contracts[path].oid] = file
        if not faults:
            found = {path: self._read[path, side.contracts[path].oid] for path in wanted}
            faults += repeated_ids(found.values())
        if faults:
            raise located(faults, side.tree, side.place)
        return found


def _faults(error: UnusableInput) -> list[UnusableInput]:
    return list(error.faults) if isinstance(error, UnreadableDocument) else [error]


def located(faults: Iterable[SpecshipError], tree: Tree, place: str) -> UnreadableDocument:
    """Faults whose places say which side they are on."""
    told = []
    for fault in faults:
        if isinstance(fault, UnusableInput):
            at = fault.at or Place(SETTINGS)
            fault.at = Place(tree.shown(posixpath.join(place, at.path)), at.line, at.column, at.offset)
            told.append(fault)
    return UnreadableDocument(told)
