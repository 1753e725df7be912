"""Every fault by name: the files of this folder, and those of a project's own folder.

A contract's `falsified_by` names faults: defects that must make the gate fail. Names and sentences
are read from the files without running them; only what is planted is imported.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal

from specship.code_digests import code_shape, imported_modules
from specship.digests import digest_of
from specship.discovery import Folder
from specship.errors import UnknownName, UnusableInput, did_you_mean
from specship.faults.fault import Fault
from specship.project_code import load_source, own_files

_SHARED: Final = "specship.faults._"
"""How the modules begin that hold what several faults need."""
FAULTS: Final = Folder("specship.faults", apart=("catalogue", "fault"))


@functools.cache
def shipped_files() -> Mapping[str, Path]:
    """The files of the faults that come with specship, by name."""
    return {_name_of(stem): FAULTS.file(stem) for stem in FAULTS.names}


def own_faults(folder: Path | None) -> dict[str, Path]:
    """The files of a project's own faults by name; empty without a folder."""
    return {_name_of(stem): path for stem, path in own_files(folder).items()}


def _name_of(stem: str) -> str:
    return stem.replace("_", "-")


def known_faults(folder: Path | None) -> frozenset[str]:
    """Every fault that a contract of a project may name."""
    return frozenset(shipped_files()) | own_faults(folder).keys()


def planted_faults(folder: Path | None) -> frozenset[str]:
    """Faults whose files plant them; the files are read and never run."""
    files = {**shipped_files(), **own_faults(folder)}
    return frozenset(name for name, path in files.items() if _plants(path))


def _plants(path: Path) -> bool:
    """Whether a file has `inject`, `plant` or settings of a `FAULT` at its top level."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return False
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in {"inject", "plant"}:
            return True
        made = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(made, ast.Call) and any(keyword.arg == "settings" for keyword in made.keywords):
            return True
    return False


def first_sentence(path: Path) -> str:
    """First sentence of a Python file's own description; the file is read and never run."""
    try:
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    except (OSError, SyntaxError, ValueError):
        return "its file cannot be read as Python"
    return sentence_of(text or "its file does not describe it")


def sentence_of(text: str) -> str:
    """The first sentence of a text, on one line."""
    return " ".join(re.split(r"(?<=\.)\s|\n\s*\n", text.strip(), maxsplit=1)[0].split())


@dataclass(frozen=True)
class LoadedFault:
    """A fault with its file imported."""

    name: str
    path: Path
    fault: Fault
    inject: Callable[[], None] | None = field(repr=False)
    plant: Callable[[Path], None] | None = field(repr=False)

    @property
    def way(self) -> Literal["component", "artifact", "setting", "described"]:
        """How it is planted."""
        if self.inject is not None:
            return "component"
        if self.plant is not None:
            return "artifact"
        return "setting" if self.fault.settings else "described"

    @property
    def sentence(self) -> str:
        """The defect in one sentence."""
        return first_sentence(self.path)

    @property
    def code(self) -> str:
        """Digest of the fault's own file; comments and docstrings apart."""
        return fault_code(self.path)


def fault_code(path: Path) -> str:
    """Digest of what a fault's file does, with the `_NAME.py` beside specship's own faults that it imports.

    What it reaches into is the pipeline's, which changes what is measured and not what the defect is; a
    component that is gone is told when it is planted.

    Raises:
        UnusableInput: the file is no Python, or cannot be read.
    """
    try:
        source = path.read_text(encoding="utf-8")
        return digest_of([code_shape(source), *(fault_code(shared) for shared in _shared_files(source))])
    except (SyntaxError, ValueError, OSError) as error:
        raise UnusableInput(f"not a Python file: {error}", at=path, mend="mend or remove it") from error


def _shared_files(source: str) -> list[Path]:
    """Files of what several faults need, as a fault's source imports them."""
    shared = {name.split(".")[2] for name in imported_modules(source, "specship") if name.startswith(_SHARED)}
    return [path for path in map(FAULTS.file, sorted(shared)) if path.is_file()]


def file_of(name: str, folder: Path | None) -> Path:
    """The file of a fault; a project's own one wins over one that comes along.

    Raises:
        UnknownName: there is none of that name.
    """
    files = {**shipped_files(), **own_faults(folder)}
    if name not in files:
        raise UnknownName(
            f"no fault is called {name!r}",
            mend=did_you_mean(name, files) or "list them: specship explain faults",
        )
    return files[name]


def load_fault(name: str, folder: Path | None) -> LoadedFault:
    """A fault by name, imported.

    Raises:
        UnknownName: there is none of that name.
        UnusableInput: its file cannot be imported, or says in two ways or in none how it is planted.
    """
    path = file_of(name, folder)
    module = _module(path)
    fault = getattr(module, "FAULT", None)
    if not isinstance(fault, Fault):
        raise UnusableInput(
            "the file has no FAULT", at=path,
            why="without it nobody knows which stage the fault is planted in",
            mend='write `FAULT = Fault(row="", stage="STAGE")` at its top level',
        )  # fmt: skip
    loaded = LoadedFault(name, path, fault, _function(module, "inject"), _function(module, "plant"))
    alone = fault.settings if not loaded.inject else {}
    ways = [way for way in (loaded.inject, loaded.plant, alone, fault.described) if way]
    if len(ways) != 1 or not (fault.stage or fault.described):
        raise UnusableInput(
            f"{name} says in {len(ways)} ways how it is planted, and that its stage is {fault.stage!r}",
            at=path,
            mend="give one of `inject()`, `plant(folder)`, `settings=` and `described=`, and the stage",
        )
    return loaded


def _module(path: Path) -> ModuleType:
    if FAULTS.file(path.stem) == path:
        return FAULTS.load(path.stem)
    try:
        return load_source(path, "specship_project_faults")
    except (Exception, SystemExit) as error:
        mend = "a fault file must be importable on its own; import what weighs inside its functions"
        raise UnusableInput(f"cannot import the fault file: {error!r}", at=path, mend=mend) from error


def _function(module: ModuleType, name: str) -> Callable[..., Any] | None:
    found = getattr(module, name, None)
    return found if callable(found) else None
