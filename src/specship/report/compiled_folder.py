"""The folder of compiled modules: what differs from what would be written now, and bringing it up to date."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from specship.contracts.reader import ContractFile
from specship.errors import UnknownName, UnusableInput, did_you_mean
from specship.files import sync_folder, write_errors, write_file
from specship.specs.project import Project
from specship.suite.compile.compiling import is_compiled


@dataclass(frozen=True, slots=True)
class ModuleChange:
    """One module: as it lies there, and as it would be written now; None where there is none."""

    path: Path
    before: str | None
    after: str | None

    @property
    def what(self) -> Literal["", "missing", "left over", "out of date"]:
        """What is wrong with the module; empty when nothing is."""
        if self.before == self.after:
            return ""
        if self.before is None:
            return "missing"
        return "left over" if self.after is None else "out of date"

    @property
    def done(self) -> str:
        """What became of it, in a word."""
        return {"": "unchanged", "left over": "removed"}.get(self.what, "written")

    @property
    def diff(self) -> str:
        """What is wrong, how to mend it, and the difference line by line; empty when nothing is wrong."""
        if not self.what:
            return ""
        before, after = ((text or "").splitlines(keepends=True) for text in (self.before, self.after))
        lines = difflib.unified_diff(before, after, f"{self.path}", f"{self.path} (compiled now)")
        return f"{self.path}: {self.what}\n  mend: run `specship compile` and commit\n" + "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
        )


def select(project: Project, asked: Iterable[str]) -> list[ContractFile]:
    """The contracts of those ids or files; all when none is asked for.

    Raises:
        UnknownName: there is no such contract.
    """
    names: dict[str, list[ContractFile]] = {}
    for file in project.contracts:
        for name in (file.contract.contract_id, file.path, Path(file.path).stem):
            names.setdefault(name, []).append(file)
    found: dict[str, ContractFile] = {}
    for name in asked:
        within = os.path.relpath(Path(name).resolve(), project.root) if name.endswith(".yaml") else name
        if within not in names:
            raise UnknownName(
                f"there is no contract {name!r}",
                at=project.configuration.contracts,
                mend=did_you_mean(within, names) or "give its id, or the path of its file",
            )
        found.update({file.path: file for file in names[within]})
    return list(found.values()) if found else list(project.contracts)


def within(project: Project, folder: Path) -> Path:
    """A folder for modules, which find their project from where they lie.

    Raises:
        UnusableInput: it is outside the project.
    """
    if not folder.resolve().is_relative_to(project.root):
        raise UnusableInput(
            "this folder is outside the project",
            at=folder,
            why="a compiled module looks for its project at and above its own folder",
            mend="name a folder of the project, or look with --stdout",
        )
    return folder


def compare(folder: Path, modules: Mapping[str, str], *, whole: bool) -> list[ModuleChange]:
    """Every module against its file; with `whole`, also the files of contracts that are no more.

    Raises:
        UnusableInput: a file of that name was not written by `specship compile`, or cannot be read.
    """
    changes = [ModuleChange(folder / name, _read(folder / name), text) for name, text in modules.items()]
    for change in changes:
        if change.before is not None and not is_compiled(change.before):
            raise UnusableInput(
                "this file was not written by `specship compile`",
                at=change.path,
                why="a file that people wrote is never replaced",
                mend="move it away, or compile into another folder with --output",
            )
    others = sorted(path for path in folder.glob("test_*.py") if path.name not in modules) if whole else []
    for path in others:
        text = _read(path)
        if text is not None and is_compiled(text):
            changes.append(ModuleChange(path, text, None))
    return sorted(changes, key=lambda change: change.path)


def _read(path: Path) -> str | None:
    """The text of a module, line ends as they are; None when there is no such file."""
    try:
        return path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnusableInput(f"cannot read: {error.strerror}", at=path) from error


def apply(change: ModuleChange) -> None:
    """Bring a module up to date; one that is up to date is not touched.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    if not change.what:
        return
    if change.after is not None:
        write_file(change.path, change.after)
        return
    with write_errors(change.path):
        change.path.unlink(missing_ok=True)
        sync_folder(change.path.parent)
