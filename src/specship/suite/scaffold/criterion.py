"""A new criterion: written into spec.yaml as text, with an amendment, and a contract whose gate it waits for.

The weights of a model are shares of 100, so a new share is somebody's old one; whose is for people to
say. The text of the spec is edited in place, so that comments stay, and read again before it is written:
it must say exactly what it said, and the change.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from specship.contracts.building import build, record_faults
from specship.contracts.document import document_of
from specship.contracts.yaml_nodes import compose
from specship.errors import Place, UnknownName, UnreadableDocument, UnusableInput, did_you_mean
from specship.specs.project import Project, load_project
from specship.specs.records import Amendment, Criterion, Model, Spec
from specship.suite.scaffold.contract import NO_RULE_YET, contract_draft, known_ids
from specship.suite.scaffold.naming import amendment_name, modeline, next_id
from specship.suite.scaffold.placing import Draft, place
from specship.suite.scaffold.stamping import said, scalar

_ID: Final = re.compile(r"AC-[A-Z0-9]+(-[A-Z0-9]+)*")
_HOURS: Final = "{gpu_hours: 0, person_hours: 8}"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of a new criterion."""

    weight: int | None = None
    giver: str | None = None
    """The criterion that the weight is taken from."""
    why: str | None = None
    identity: str | None = None
    model: str | None = None
    statement: str | None = None
    because: str | None = None
    bump: str = "major"
    """A weight falls, so that less is asked of what was promised: what a review demands a major step for."""
    stage: str = "process"
    """The part of the lifecycle that its gate looks at."""


def new_criterion(start: Path, wish: Wish) -> tuple[str, tuple[str, ...]]:
    """Write the criterion, its amendment and its contract; its id, and the paths edited and written.

    Without a gate of its own it could never be discharged, so it gets one that waits for a probe.

    Raises:
        UnusableInput: the wish is incomplete or cannot be granted, or the project has faults.
        CannotWrite: the disk is full or refuses; both files are as they were.
    """
    project = load_project(start)
    model, giver = _giver(project, wish)
    weight = _weight(giver, wish)
    identity = _identity(project, model, wish)
    why = said(wish.why or "", what="--why")
    criterion = {
        "id": identity,
        "statement": said(wish.statement, what="--statement") if wish.statement else "Not stated yet.",
        "weight": weight,
        "because": said(wish.because, what="--because") if wish.because else why,
    }
    spec = f"{project.configuration.spec}/spec.yaml"
    old = project.spec.document.text
    new = _edited(old, project, model, giver, criterion)
    _insist_same_but(new, spec, project, model, giver, identity)
    name = _free_name(project, identity.removeprefix("AC-").lower())
    rule = criterion["statement"] if wish.statement else NO_RULE_YET
    contract, gate = contract_draft(project, name, identity, str(rule), stage=wish.stage)
    changes = {
        identity: f"A new criterion of weight {weight}.",
        giver.id: f"Its weight falls from {giver.weight} to {giver.weight - weight}.",
        gate: "It waits for a probe.",
        name: "A new contract.",
    }
    amendment = _amendment(project, wish.bump, identity, why, changes)
    place(project.root, [amendment, contract, Draft(spec, new, instead_of=old)])
    return identity, (spec, amendment.path, contract.path)


def _free_name(project: Project, name: str) -> str:
    """A name that no contract has: the criterion's own, or with the first free number behind it."""
    folder = project.root / project.configuration.contracts
    numbered = (f"{name}-{number}" for number in itertools.count(2))
    return next(
        one for one in (name, *itertools.islice(numbered, 1000)) if not (folder / f"{one}-v1.yaml").exists()
    )


def _giver(project: Project, wish: Wish) -> tuple[Model, Criterion]:
    """The model, and the criterion whose weight falls."""
    models = {model.id: model for model in project.spec.spec.models}
    if wish.model is not None and wish.model not in models:
        mend = did_you_mean(wish.model, models) or f"there are: {', '.join(models)}"
        raise UnknownName(f"the spec has no model {wish.model!r}", mend=mend)
    model = models[wish.model] if wish.model else next(iter(models.values()))
    if wish.weight is None or wish.giver is None or wish.why is None:
        heaviest = max(model.criteria, key=lambda entry: entry.weight)
        raise UnusableInput(
            "a new criterion needs --weight, --from and --why",
            why="the weights of a model are shares of 100: what a new one weighs, another one loses",
            mend=f"for example --weight 5 --from {heaviest.id} --why 'what a user would lose without it'",
        )
    giver = project.spec.criteria.get(wish.giver)
    owner = project.spec.spec.model_of(wish.giver)
    if giver is None or owner is None:
        mend = did_you_mean(wish.giver, project.spec.criteria) or "list them: specship trace"
        raise UnknownName(f"the spec has no criterion {wish.giver!r}", mend=mend)
    if wish.model is not None and owner is not model:
        raise UnusableInput(
            f"{wish.giver} is a criterion of {owner.id}, not of {model.id}",
            why="weights are shares within one model", mend=f"take it from a criterion of {model.id}",
        )  # fmt: skip
    return owner, giver


def _weight(giver: Criterion, wish: Wish) -> int:
    if wish.weight is None or not 1 <= wish.weight < giver.weight:
        raise UnusableInput(
            f"{giver.id} weighs {giver.weight} and cannot give {wish.weight}",
            why="every criterion weighs at least 1", mend=f"give a --weight from 1 to {giver.weight - 1}",
        )  # fmt: skip
    return wish.weight


def _identity(project: Project, model: Model, wish: Wish) -> str:
    """The id asked for when it is free, else the next one in the model's row."""
    taken = known_ids(project)
    prefix = next(
        (match[1] for entry in reversed(model.criteria) if (match := re.fullmatch(r"(.*)-[0-9]+", entry.id))),
        f"AC-{model.id}",
    )
    free = next_id(prefix, taken)
    identity = wish.identity or free
    if not _ID.fullmatch(identity):
        raise UnusableInput(f"{identity!r} is no id of a criterion", mend=f"leave it out, or write {free!r}")
    if identity in taken:
        raise UnusableInput(
            f"the id {identity} is or was used", why="an id names one thing, for ever",
            mend=f"leave it out, or write {free!r}",
        )  # fmt: skip
    return identity


def _edited(old: str, project: Project, model: Model, giver: Criterion, criterion: dict[str, Any]) -> str:
    """The spec's text with the giver's weight lowered and the criterion behind the model's last one."""
    number = next(i for i, entry in enumerate(project.spec.spec.models) if entry.id == model.id)
    place_in_model = next(i for i, entry in enumerate(model.criteria) if entry.id == giver.id)
    root = compose(old, project.spec.document.path)
    items = _step(root, "models", number, "criteria")
    if getattr(items, "flow_style", False):
        raise UnusableInput(
            "the criteria stand in brackets", at=project.spec.document.place("models", number, "criteria"),
            mend="write them one below the other, each behind a hyphen",
        )  # fmt: skip
    lines = old.split("\n")
    _lower_weight(lines, _step(items, place_in_model, "weight"), giver.weight - criterion["weight"])
    after = _last_line(items) + 1
    rows = _rows(lines, items, criterion)
    lines[after:after] = rows + ([""] if after == len(lines) else [])
    return "\n".join(lines)


def _lower_weight(lines: list[str], weight: Any, lower: int) -> None:
    line, begin, end = weight.start_mark.line, weight.start_mark.column, weight.end_mark.column
    lines[line] = f"{lines[line][:begin]}{lower}{lines[line][end:]}"


def _rows(lines: list[str], items: Any, criterion: dict[str, Any]) -> list[str]:
    """The lines of a criterion, indented and ended like those of the criteria above it."""
    first = items.value[0].start_mark
    indent = lines[first.line][: first.column].rstrip().removesuffix("-")
    end = "\r" if lines[0].endswith("\r") else ""
    rows = (
        f"- id: {criterion['id']}",
        f"  statement: {scalar(criterion['statement'])}",
        f"  weight: {criterion['weight']}",
        f"  because: {scalar(criterion['because'])}",
        f"  effort: {_HOURS}",
    )
    return [f"{indent}{row}{end}" for row in rows]


def _step(node: Any, *path: str | int) -> Any:
    """The node at a path; the document has been read, so it is there."""
    for step in path:
        if isinstance(step, int):
            node = node.value[step]
        else:
            node = next(value for key, value in node.value if key.value == step)
    return node


def _last_line(node: Any) -> int:
    """Index of the last line that a node's text stands on."""
    if isinstance(node, yaml.ScalarNode) or getattr(node, "flow_style", False):
        return int(node.end_mark.line) - int(node.end_mark.column == 0)
    parts = [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else node.value
    return max(_last_line(part) for part in parts)


def _insist_same_but(
    text: str, path: str, project: Project, model: Model, giver: Criterion, identity: str
) -> None:
    """Refuse an edited spec that says anything else than the old one and the new criterion.

    Raises:
        UnusableInput: the text could not be edited safely; nothing has been written.
    """
    document = document_of(text.encode(), path)
    spec, faults = record_faults(document, Spec)
    if document.faults or faults or spec is None:
        raise UnreadableDocument([*document.faults, *faults])
    moved = sum(entry.weight for one in spec.models for entry in one.criteria if entry.id == identity)
    expected = [
        entry.model_copy(update={"weight": entry.weight - moved}) if entry.id == giver.id else entry
        for one in project.spec.spec.models
        for entry in one.criteria
    ]
    found = [entry for one in spec.models for entry in one.criteria if entry.id != identity]
    owner = spec.model_of(identity)
    if found != expected or owner is None or owner.id != model.id:
        raise UnusableInput(
            "the spec cannot be edited safely", at=Place(path), mend="write the criterion into it by hand"
        )


def _amendment(project: Project, bump: str, identity: str, why: str, changes: Mapping[str, str]) -> Draft:
    text = modeline("amendment") + "\n".join([
        f"bump: {bump}",
        f"after: {project.spec.version}",
        f"why: {scalar(why)}",
        "changes:",
        *(f"  - {{id: {scalar(changed)}, what: {what}}}" for changed, what in changes.items()),
        "",
    ])  # fmt: skip
    name = amendment_name(project.spec.amendments, identity, text)
    path = f"{project.configuration.spec}/amendments/{name}"
    build(document_of(text.encode(), path), Amendment)
    return Draft(path, text)
