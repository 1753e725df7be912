"""Every fault by name: the files of this folder, and those of a project's own folder.

A contract's `falsified_by` names faults: defects that must make the gate fail. All that is said of a fault is
read from the text of its file; only the child that plants it (`planting`) runs the file.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal, cast

from specship.bounds import PYTHON_BYTES
from specship.code_digests import code_shape, imported_modules
from specship.digests import digest_of
from specship.discovery import Folder
from specship.errors import Place, UnknownName, UnusableInput, did_you_mean
from specship.faults.fault import Fault
from specship.pipeline.stage import Stage
from specship.project_code import load_source, own_files, source_only

_SHARED: Final = "specship.faults._"
"""How the modules begin that hold what several faults need."""
_OWN: Final = "specship_project_faults"
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
    """Faults whose files plant them; one that cannot be read plants nothing."""
    return frozenset(name for name in known_faults(folder) if _is_planted(name, folder))


def _is_planted(name: str, folder: Path | None) -> bool:
    try:
        return read_fault(name, folder).way != "described"
    except UnusableInput:
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


@dataclass(frozen=True)
class DeclaredFault:
    """A fault as its file declares it; the file was read and not run."""

    name: str
    path: Path
    fault: Fault
    injects: bool
    plants: bool
    alters: bool = False
    """Whether it says how the log of another program shows it."""

    @property
    def way(self) -> Literal["component", "artifact", "setting", "log", "described"]:
        """How it is planted where the artifact's own stage makes it."""
        if self.injects:
            return "component"
        if self.plants:
            return "artifact"
        if self.fault.settings:
            return "setting"
        return "log" if self.alters else "described"

    def way_in(self, stage: Stage) -> Literal["component", "artifact", "setting", "log", "described"]:
        """How it is planted in what a stage makes: no component of ours is in a run that was received."""
        return "log" if self.alters and stage.makes == self.fault.stage != stage.name else self.way

    @property
    def sentence(self) -> str:
        """The defect in one sentence."""
        return first_sentence(self.path)

    @property
    def code(self) -> str:
        """Digest of the fault's own file; comments and docstrings apart."""
        return fault_code(self.path)


def read_fault(name: str, folder: Path | None) -> DeclaredFault:
    """A fault by name, from the text of its file.

    Raises:
        UnknownName: there is none of that name.
        UnusableInput: its file cannot be read, or says in two ways or in none how it is planted.
    """
    path = file_of(name, folder)
    tree = _tree(path)
    fault = _fault(tree, path)
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    found = DeclaredFault(name, path, fault, *(way in functions for way in ("inject", "plant", "alter")))
    alone = bool(fault.settings) and not found.injects
    ways = sum((found.injects, found.plants, alone, bool(fault.described))) or int(found.alters)
    if ways != 1 or not (fault.stage or fault.described):
        raise UnusableInput(
            f"{name} says in {ways} ways how it is planted, and that its stage is {fault.stage!r}",
            at=path,
            mend="give one of `def inject()`, `def plant(folder)`, `settings=`, `described=`, and the stage; "
            "beside it or alone `def alter(facts)`, for the log of another program",
        )
    return found


def _tree(path: Path) -> ast.Module:
    """The text of a fault's file, parsed.

    Raises:
        UnusableInput: it is no Python, or longer than is read.
    """
    try:
        source = path.read_bytes()
        if len(source) > PYTHON_BYTES:
            raise ValueError(f"it has {len(source)} bytes, and {PYTHON_BYTES} are read")
        return ast.parse(source)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        at = Place(str(path), getattr(error, "lineno", None) or 1, getattr(error, "offset", None) or 1)
        said = f"not Python: {getattr(error, 'msg', None) or error}"
        raise UnusableInput(said, at=at, mend="mend or remove the file") from error


def _fault(tree: ast.Module, path: Path) -> Fault:
    """What stands at the top level as `FAULT = Fault(...)`.

    Raises:
        UnusableInput: it is not there, or is not written out.
    """
    made = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and "FAULT" in map(ast.unparse, _targets(node))
    ]
    call = made[0] if len(made) == 1 else None
    if not isinstance(call, ast.Call) or ast.unparse(call.func).rpartition(".")[2] != "Fault" or call.args:
        raise UnusableInput(
            "the file has no FAULT", at=path,
            why="without it nobody knows which stage the fault is planted in",
            mend='write `FAULT = Fault(row="", stage="STAGE")` once, at its top level',
        )  # fmt: skip
    facts: dict[str, Any] = {}
    for keyword in call.keywords:
        try:
            facts[str(keyword.arg)] = value = ast.literal_eval(keyword.value)
            if not isinstance(value, _FACTS[str(keyword.arg)]):
                raise TypeError(keyword.arg)
        except (KeyError, ValueError, TypeError, RecursionError, MemoryError) as error:
            raise UnusableInput(
                f"{keyword.arg or '**'} of the fault cannot be read",
                at=Place(str(path), keyword.value.lineno, keyword.value.col_offset + 1),
                why="what a file declares is read and never run, and cannot alter reports about itself",
                mend=f"write its value out; a fault has {', '.join(_FACTS)}",
            ) from error
    if "row" not in facts:
        raise UnusableInput("the fault has no row", at=Place(str(path), call.lineno, 1), mend='write row=""')
    return Fault(**facts)


_FACTS: Final[Mapping[str, type]] = {
    "row": str, "stage": str, "also": tuple, "settings": dict, "binds": str, "described": str,
}  # fmt: skip


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def planting(declared: DeclaredFault, *, in_log: bool = False) -> Callable[..., Any] | None:
    """What plants a fault, its file now run; None where settings do. Only a child that plants it comes here.

    `in_log` asks for what alters the facts of a run that another program made.

    Raises:
        UnusableInput: its file cannot be imported, or the function is not there once it is run.
    """
    if not (declared.injects or declared.plants or in_log):
        return None
    name = "alter" if in_log else "inject" if declared.injects else "plant"
    module = _module(declared.path)
    found = getattr(module, name, None)
    if not callable(found):
        raise UnusableInput(
            f"there is no {name} once the file is run", at=declared.path, mend="leave it alone"
        )
    return cast("Callable[..., Any]", found)


def _module(path: Path) -> ModuleType:
    if FAULTS.file(path.stem) == path:
        return FAULTS.load(path.stem)
    try:
        source_only(path.parent, _OWN)
        return load_source(path, _OWN)
    except (Exception, SystemExit) as error:
        mend = "a fault file must be importable on its own; import what weighs inside its functions"
        raise UnusableInput(f"cannot import the fault file: {error!r}", at=path, mend=mend) from error
