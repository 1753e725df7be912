"""Stages that a project writes in Python: what their files declare, read from the text and never run.

    STAGE = Stage(makes="word_counts", lifecycle="corpus", needs=("corpus",), settings={"words": Words})

A model has such a stage run where the section that is called after its file stands in its settings. It
becomes a command there (`pipeline.commands`): a program that runs the file, with the settings among its
arguments and the files of the folder that it can read among what counts.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, create_model

from specship.bounds import PYTHON_BYTES
from specship.contracts.building import record_faults
from specship.digests import digest_of, sha256_file
from specship.errors import Place, UnusableInput
from specship.project_code import SETTINGS, BroughtFile, brought_by, imported_files, own_files
from specship.specs.reader import SpecFolder
from specship.specs.records import Profile

PACKAGE: Final = "specship_project_stages"
"""The package as which the folder is loaded where a stage runs."""
COMMANDS: Final = "commands"
_GROUP: Final = "specship.stages"
RUNS_IT: Final = "specship.pipeline.commands.own_stage"
_WHY: Final = "what a file declares is read and never run, so that it cannot alter what is reported about it"
_FACTS: Final[Mapping[str, type]] = {
    "makes": str, "name": str, "lifecycle": str, "needs": tuple, "resumes": bool,
}  # fmt: skip
_TYPES: Final[Mapping[str, Any]] = {"int": int, "float": float, "str": str, "bool": bool, "None": None}


@dataclass(frozen=True, slots=True)
class OwnStage:
    """One stage as its file declares it."""

    name: str
    """Of its file, and of its section."""
    given: str
    """What the program is told to run: a file within the project, or a module and the digest of its code."""
    makes: str
    needs: tuple[str, ...]
    resumes: bool
    settings: type[BaseModel]
    """What its section may say, as far as the text of its record tells."""
    reads: tuple[str, ...]
    """The files that it can read in its folder, within the project."""

    def command(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The entry of `commands:` that it becomes."""
        told = re.sub(r"\{([a-z][a-z0-9_-]*)\}", r"{{\1}}", json.dumps(settings, sort_keys=True))
        return {
            "command": (
                "{python}", "-I", "-m", RUNS_IT, self.given, told, "{output}",
                *(f"{need}={{{need}}}" for need in self.needs),
            ),
            "makes": self.makes,
            "needs": self.needs,
            "reads": self.reads,
            "resumes": self.resumes,
        }  # fmt: skip


def read_own_stages(
    root: Path, folder: str | None, distributions: Iterable[str] = ()
) -> tuple[dict[str, OwnStage], list[UnusableInput]]:
    """The stages of a project's folder and of distributions by their names, and what is wrong with others."""
    found: dict[str, OwnStage] = {}
    faults: list[UnusableInput] = []
    for name, path in own_files(root / folder if folder else None).items():
        try:
            found[name] = _of_folder(name, path, root, root / str(folder))
        except UnusableInput as error:
            faults.append(error)
    for distribution in distributions:
        try:
            for brought in brought_by(distribution, _GROUP):
                if brought.name in found:
                    said = f"two stages are called {brought.name!r}: one of {distribution!r} and another"
                    raise UnusableInput(said, at=SETTINGS, mend="leave one of them out")
                found[brought.name] = _of_distribution(brought)
        except UnusableInput as error:
            faults.append(error)
    return found, faults


def _of_folder(name: str, path: Path, root: Path, home: Path) -> OwnStage:
    """A stage of the project's folder: what it can read there counts, file by file."""
    shown = path.relative_to(root).as_posix()
    tables = {one for one in home.rglob("*") if one.is_file() and one.suffix not in {".py", ".pyc"}}
    tree = _parsed(path, shown)
    try:
        read = sorted({*imported_files(home, path, PACKAGE), *tables})
    except (OSError, SyntaxError, ValueError) as error:
        raise UnusableInput(f"it imports what is not Python: {error}", at=Place(shown, 1, 1)) from error
    return _stage(name, shown, tree, shown, tuple(one.relative_to(root).as_posix() for one in read))


def _of_distribution(brought: BroughtFile) -> OwnStage:
    """A stage of an installed package: a digest of all its files stands among the command's arguments."""
    home = brought.home
    files = [path for path in (home.rglob("*") if home.is_dir() else [home]) if path.is_file()]
    counted = {
        path.relative_to(home).as_posix(): sha256_file(path)
        for path in files
        if "__pycache__" not in path.parts
    }
    tree = _parsed(brought.path, brought.module)
    return _stage(brought.name, brought.module, tree, f"{brought.module}#{digest_of(counted)}", ())


def _parsed(path: Path, shown: str) -> ast.Module:
    try:
        source = path.read_bytes()
        if len(source) > PYTHON_BYTES:
            raise ValueError(f"it has {len(source)} bytes, and {PYTHON_BYTES} are read")
        return ast.parse(source)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        at = Place(shown, getattr(error, "lineno", None) or 1, getattr(error, "offset", None) or 1)
        said = f"not Python: {getattr(error, 'msg', None) or error}"
        raise UnusableInput(said, at=at, mend="mend or remove the file") from error


def _stage(name: str, shown: str, tree: ast.Module, given: str, reads: tuple[str, ...]) -> OwnStage:
    facts, section = _declared(tree, shown)
    if facts.get("name", name) != name or not facts.get("makes"):
        said = f"the stage is called {facts['name']!r}" if "name" in facts else "the stage makes nothing"
        mend = "a stage is called after its file: write `makes=...`, and leave `name` out"
        raise UnusableInput(said, at=Place(shown, 1, 1), mend=mend)
    record = _record(section, tree, shown)
    needs, resumes = tuple(facts.get("needs", ())), facts.get("resumes", False)
    return OwnStage(name, given, facts["makes"], needs, resumes, record, reads)


def _declared(tree: ast.Module, shown: str) -> tuple[dict[str, Any], str]:
    """What `STAGE = Stage(...)` says, and the name of the class that its settings are.

    Raises:
        UnusableInput: it is not there, or not written out.
    """
    made = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and [ast.unparse(one) for one in node.targets] == ["STAGE"]
    ]
    call = made[0] if len(made) == 1 else None
    if not isinstance(call, ast.Call) or ast.unparse(call.func).rpartition(".")[2] != "Stage" or call.args:
        raise UnusableInput(
            "the file has no STAGE", at=Place(shown, 1, 1), why=_WHY,
            mend='write `STAGE = Stage(makes="...", lifecycle="...")` once, at its top level',
        )  # fmt: skip
    facts: dict[str, Any] = {}
    section = ""
    for keyword in call.keywords:
        name = str(keyword.arg)
        try:
            if name == "settings":
                section = _settings(keyword.value)
                continue
            facts[name] = ast.literal_eval(keyword.value)
            if not isinstance(facts[name], _FACTS[name]):
                raise TypeError(name)
        except (KeyError, ValueError, TypeError, RecursionError, MemoryError) as error:
            raise UnusableInput(
                f"{name} of the stage cannot be read",
                at=Place(shown, keyword.value.lineno, keyword.value.col_offset + 1), why=_WHY,
                mend=f"write its value out; a project's stage has {', '.join((*_FACTS, 'settings'))}",
            ) from error  # fmt: skip
    return facts, section


def _settings(node: ast.expr) -> str:
    """The class of the one section of `settings={"name": Class}`."""
    if isinstance(node, ast.Dict) and not node.keys:
        return ""
    if not isinstance(node, ast.Dict) or len(node.values) != 1 or not isinstance(node.values[0], ast.Name):
        raise ValueError("one section, and a class of the same file")
    return node.values[0].id


def _record(name: str, tree: ast.Module, shown: str) -> type[BaseModel]:
    """A record with the fields of a class; one whose type is no plain one takes anything here."""
    fields: dict[str, Any] = {}
    found = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    if name and not found:
        raise UnusableInput(
            f"the class {name} of its settings is not in the file", at=Place(shown, 1, 1), why=_WHY,
            mend="write the class at the top level of the stage's own file",
        )  # fmt: skip
    for node in found[0].body if found else ():
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            fields[node.target.id] = (_type(node.annotation), ... if node.value is None else None)
    strict = ConfigDict(extra="forbid", strict=True)
    return create_model(name or "NoSettings", __config__=strict, **fields)


def _type(node: ast.expr) -> Any:
    """A type that is written with plain names; any type where it is not."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        left, right = _type(node.left), _type(node.right)
        return Any if Any in {left, right} else left | right
    if (
        isinstance(node, ast.Subscript)
        and ast.unparse(node.value) == "tuple"
        and ast.unparse(node.slice).endswith(", ...")
    ):
        return tuple[Any, ...]
    return _TYPES.get(ast.unparse(node), Any)


def with_own_stages(
    spec: SpecFolder | None, stages: Mapping[str, OwnStage]
) -> tuple[SpecFolder | None, list[UnusableInput]]:
    """A spec whose profiles have the sections of these stages as commands, and what is wrong with them."""
    if spec is None or not stages:
        return spec, []
    faults: list[UnusableInput] = []
    profiles = {name: _resolved(profile, spec, stages, faults) for name, profile in spec.profiles.items()}
    return replace(spec, profiles=profiles), faults


def _resolved(
    profile: Profile, spec: SpecFolder, stages: Mapping[str, OwnStage], faults: list[UnusableInput]
) -> Profile:
    document = spec.profile_documents[profile.profile]
    pipeline: dict[str, dict[str, dict[str, Any]]] = {}
    for model, sections in profile.pipeline.items():
        pipeline[model] = {name: own for name, own in sections.items() if name not in stages}
        commands = {}
        for name in sections.keys() & stages.keys():
            at = ("pipeline", model, name)
            faults += record_faults(document, stages[name].settings, *at)[1]
            if name in sections.get(COMMANDS, {}):
                faults.append(
                    UnusableInput(
                        f"{name!r} is a file of the project's stages, and a command", at=document.place(*at),
                        why="a name means one thing", mend="rename one of them", code="SHIP310",
                    )
                )  # fmt: skip
            commands[name] = stages[name].command(sections[name])
        if commands:
            pipeline[model][COMMANDS] = {**sections.get(COMMANDS, {}), **commands}
    return profile.model_copy(update={"pipeline": pipeline})
