"""A project around what somebody has: looked at, measured, and written down."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from specship.errors import UnusableInput
from specship.suite.adopting.adopted_kind import AdoptedKind, Told, all_kinds, told_to
from specship.suite.adopting.looking import Recognised, Sight, look
from specship.suite.adopting.proposing import ProposedGate, propose, unmeasured
from specship.suite.adopting.writing import numbered, project_files
from specship.suite.artifacts.runner import Listener
from specship.suite.scaffold.naming import checked_slug, slug_of
from specship.suite.scaffold.placing import Draft, place, require_free
from specship.suite.scaffold.project import ignoring
from specship.suite.scaffold.pyproject import with_project

_OTHERWISE: Final = "my-model"
_MOST_NAMED: Final = 5
_CONTRACTS: Final = "contracts"


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was written around what was found."""

    root: Path
    name: str
    sight: Sight
    gates: tuple[tuple[str, ProposedGate], ...]
    """Each gate with its id."""
    files: tuple[str, ...]
    notes: tuple[str, ...]


def adopt(
    paths: Sequence[Path], root: Path, name: str | None, listener: Listener, told: Told | None = None
) -> Adopted:
    """Write a spec, profiles and contracts into `root` for what lies at `paths`; nothing there is changed.

    Raises:
        UnusableInput: nothing of a known kind is there, or several and nobody says which is meant; files are
            in the way, or the name is unusable.
        CannotWrite: the disk is full or refuses; nothing stays.
    """
    root = root.resolve()
    name = checked_slug(name, what="project") if name is not None else slug_of(root.name) or _OTHERWISE
    table, notes = with_project(root, name, own=False)
    sight = look(*paths, told=told)
    if not sight.found:
        raise _nothing(paths[0], sight)
    _refuse_rivals(sight)
    _require_use(told or {}, sight.found, paths[0])
    settings = settings_of(sight.found, root, told or {})
    about = "; ".join(f"{one.says} at {_within(one.path, root)}" for one in sight.found)
    places = {one.kind.name: one.path for one in sight.found}
    criteria = [criterion for one in sight.found for criterion in _suited(one, places, told or {}).criteria]
    unmade = numbered(name, [(one, [unmeasured(gate) for gate in one.gates]) for one in criteria])
    require_free(
        root, _drafts(root, project_files(name, settings, unmade, about), table)
    )  # before it takes long
    root.mkdir(parents=True, exist_ok=True)  # stages run there, and name paths that lead through it
    asked = [gate for criterion in criteria for gate in criterion.gates]
    measured = iter(propose(root, settings, asked, listener))
    rows = numbered(name, [(one, [next(measured) for _ in one.gates]) for one in criteria])
    files = _placed(root, project_files(name, settings, rows, about), table)
    gates = tuple(gate for row in rows for gate in row.gates)
    return Adopted(root, name, sight, gates, files, notes)


def begin_from_template(folder: Path, template: str, name: str | None) -> Adopted:
    """Write a project for something that is not there yet; its limits are those that need no measurement.

    Raises:
        UnusableInput: files are in the way, or the name is unusable; nothing is written.
        CannotWrite: the disk is full or refuses; nothing stays.
    """
    root = folder.resolve()
    name = checked_slug(name, what="project") if name is not None else slug_of(root.name) or _OTHERWISE
    table, notes = with_project(root, name, own=False)
    kinds = [kind for kind in all_kinds().values() if kind.template == template]
    settings = {section: values for kind in kinds for section, values in kind.example.items()}
    released = settings | {
        section: {**settings[section], **values}
        for kind in kinds
        for section, values in kind.at_release.items()
    }
    rows = numbered(
        name,
        [(one, [unmeasured(gate) for gate in one.gates]) for kind in kinds for one in kind.criteria],
    )
    about = " and ".join(f"a {kind.name}" for kind in kinds)
    files = _placed(root, project_files(name, settings, rows, about, released), table)
    gates = tuple(gate for row in rows for gate in row.gates)
    return Adopted(root, name, Sight((), (), (), (), cut=False), gates, files, notes)


def templates() -> tuple[str, ...]:
    """Names of the templates."""
    return tuple(dict.fromkeys(kind.template for kind in all_kinds().values() if kind.template))


def _placed(root: Path, files: Mapping[str, str], table: Draft) -> tuple[str, ...]:
    """The paths that were written, all or none; the table last, which makes the folder a project."""
    drafts = _drafts(root, files, table)
    place(root, drafts)
    return tuple(draft.path for draft in drafts)


def _drafts(root: Path, files: Mapping[str, str], table: Draft) -> list[Draft]:
    """The files of a project.

    Raises:
        UnusableInput: there are contracts already, which the new project would read as its own.
    """
    there = {path.name for suffix in ("yaml", "yml") for path in (root / _CONTRACTS).glob(f"*.{suffix}")}
    if others := sorted(there - {Path(at).name for at in files}):
        named = f"{', '.join(others[:5])}{' and more' if others[5:] else ''}"
        raise UnusableInput(
            f"there are contracts of something else: {named}",
            at=root / _CONTRACTS,
            why="a project reads every file of that folder, and knows no criterion that these bind to",
            mend="move them away, or begin in a folder of its own: `--project FOLDER`, `init FOLDER`",
        )
    ignored = ignoring(root)
    return [*(Draft(at, text) for at, text in files.items()), *([ignored] if ignored else []), table]


def settings_of(found: tuple[Recognised, ...], root: Path, told: Told) -> Mapping[str, Mapping[str, Any]]:
    """Sections of the pipeline for everything that was found."""
    places = {one.kind.name: one.path for one in found}
    sections: dict[str, Mapping[str, Any]] = {}
    for one in found:
        kind = _suited(one, places, told)
        sections |= kind.settings(one.path, _within(one.path, root), told_to(kind, told))
    return sections


def _suited(one: Recognised, places: Mapping[str, Path], told: Told) -> AdoptedKind:
    kind = one.kind
    return kind.suited(one.path, places, told_to(kind, told)) if kind.suited else kind


def _refuse_rivals(sight: Sight) -> None:
    """Refuse to choose between things of one kind where nothing says which is meant."""
    for taken in sight.found:
        others = [one for one in sight.others if one.kind == taken.kind]
        rivals = [one.path for one in others if taken.kind.rivals(taken.path, one.path)]
        if rivals:
            named = [str(one.path) for one in sight.found]
            raise UnusableInput(
                f"{len(rivals) + 1} things of the kind {taken.kind.name} lie here, and a project judges one",
                at=taken.path, why=f"the others are {', '.join(map(str, rivals[:_MOST_NAMED]))}",
                mend=f"name what is meant: specship adopt {shlex.join(named)}; each model has a project"
                " of its own (--project FOLDER)"
                f"{taken.kind.besides and '; '}{taken.kind.besides}",
            )  # fmt: skip


def _within(path: Path, root: Path) -> str:
    """The path as the project's files name it: relative, so that a clone beside the same model has it too."""
    return Path(os.path.relpath(path.resolve(), root)).as_posix()


def _require_use(told: Told, found: tuple[Recognised, ...], path: Path) -> None:
    """Nothing, where what is told is about something that was found.

    Raises:
        UnusableInput: nothing that is told about was found.
    """
    unused = set(told)
    for kind in (one.kind for one in found):
        if kind.takes_facts or kind.facts:
            unused -= {*told} & {kind.facts + name for name in told_to(kind, told)}
    if unused:
        raise UnusableInput(
            f"--fact {min(unused)}: nothing that was found takes this fact",
            at=path,
            why="facts are told of a run, and those that begin with `evaluated.` of results",
            mend="leave it out, or name the run or the results",
        )


def _nothing(path: Path, sight: Sight) -> UnusableInput:
    if sight.unusable:
        first = sight.unusable[0]
        return UnusableInput(first.message, at=first.at or path, why=first.why, mend=first.mend)
    links = f"; left alone are links: {', '.join(sight.links[:3])}" if sight.links else ""
    return UnusableInput(
        "nothing here is a run, a checkpoint, a GGUF or an evaluation that is known",
        at=path,
        why="each is known by its files: config.json with safetensors, trainer_state.json, *.gguf and so on"
        + links,
        mend="name one of them; or begin with `specship init --template external`",
    )
