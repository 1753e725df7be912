"""A new contract: one rule that nobody measures yet, bound to a criterion that exists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, get_args

from specship.contracts.document import document_of
from specship.contracts.reader import contract_of
from specship.contracts.records import Lifecycle
from specship.errors import UnknownName, UnreadableDocument, UnusableInput, did_you_mean
from specship.evidence.ledger import read_ledger
from specship.pipeline.registry import all_stages
from specship.probes.probe import Probe
from specship.probes.registry import probes_in_force
from specship.specs.project import Project, Survey, survey_project
from specship.suite.scaffold.naming import checked_slug, modeline, next_id
from specship.suite.scaffold.placing import Draft, place
from specship.suite.scaffold.stamping import said, scalar

STAGES: Final[tuple[str, ...]] = get_args(Lifecycle)
_NO_CONTRACT_YET: Final = {"SHIP101", "SHIP113"}
_SHOWN: Final = 6
NO_RULE_YET: Final = "To be written, what must be true."


def new_contract(
    start: Path, name: str, *, stage: str | None = None, criterion: str | None = None, rule: str | None = None
) -> tuple[str, str]:
    """Write `NAME-v1.yaml` into the project's contracts; its path in the project, and its gate's id.

    Raises:
        UnusableInput: the name is unusable or taken, the project has faults, or no such criterion.
        CannotWrite: the disk is full or refuses.
    """
    project = _readable(survey_project(start))
    name = checked_slug(name, what="contract")
    target = criterion or _waiting(project)
    if target not in project.spec.criteria:
        raise UnknownName(
            f"the spec has no criterion {target!r}",
            mend=did_you_mean(target, project.spec.criteria) or "list them: specship trace",
        )
    words = said(rule, what="--rule") if rule is not None else NO_RULE_YET
    draft, gate = contract_draft(project, name, target, words, stage=_stage(name, stage))
    place(project.root, [draft])
    return draft.path, gate


def contract_draft(
    project: Project, name: str, criterion: str, rule: str, *, stage: str = "process"
) -> tuple[Draft, str]:
    """A contract with one gate that nobody measures yet, and the gate's new id.

    Raises:
        UnusableInput: a text in it cannot be read back.
    """
    gate = next_id(f"GATE-{name.upper()}", known_ids(project))
    path = f"{project.configuration.contracts}/{name}-v1.yaml"
    text = _text(name, stage, gate, criterion, rule, probes_in_force(project.root, project.configuration))
    _insist_sound(path, text)
    return Draft(path, text), gate


def known_ids(project: Project) -> set[str]:
    """Every id of a gate or criterion that a project uses or ever spoke of: none is given again."""
    ids = {
        gate.id for file in project.contracts for gate in file.contract.gates
    } | project.spec.criteria.keys()
    for profile in project.spec.profiles.values():
        ids |= profile.overrides.keys() | profile.not_judged.keys()
    ids |= {change.id for amendment in project.spec.amendments.values() for change in amendment.changes}
    ledger = read_ledger(project.ledger_folders, keys=frozenset())
    return ids | {entry.evidence.gate for entry in ledger.statements}


def _readable(survey: Survey) -> Project:
    """The project; that it has no contract yet is no fault here."""
    folder = survey.root / survey.configuration.contracts
    faults = [fault for fault in survey.faults if not _is_absence(fault, folder)]
    if survey.spec is None or faults:
        raise UnreadableDocument(faults or survey.faults)
    return Project(survey.root, survey.configuration, survey.contracts, survey.spec, survey.waivers)


def _is_absence(fault: UnusableInput, folder: Path) -> bool:
    return (
        fault.code in _NO_CONTRACT_YET
        and fault.at is not None
        and (not folder.exists() or Path(fault.at.path) == folder.resolve())
    )


def _waiting(project: Project) -> str:
    """The criterion with the fewest gates; of equals, the first."""
    bound = [
        criterion for file in project.contracts for gate in file.contract.gates for criterion in gate.binds_to
    ]
    return min(project.spec.criteria, key=bound.count)


def _stage(name: str, asked: str | None) -> str:
    return asked or next((word for word in name.split("-") if word in STAGES), "process")


def probes_of_stage(stage: str, probes: Mapping[str, Probe]) -> list[Probe]:
    """Probes that measure an artifact made in a part of the lifecycle, those about little else first."""
    made = all_stages()

    def elsewhere(probe: Probe) -> int:
        return sum(artifact not in made or made[artifact].lifecycle != stage for artifact in probe.artifacts)

    near = [probe for probe in probes.values() if elsewhere(probe) < len(probe.artifacts)]
    return sorted(
        near, key=lambda probe: (not probe.name.startswith(f"{stage}."), elsewhere(probe), probe.name)
    )


def _text(name: str, stage: str, gate: str, criterion: str, rule: str, probes: Mapping[str, Probe]) -> str:
    near = probes_of_stage(stage, probes) or list(probes.values())
    return modeline("contract") + "\n".join([
        f"contract_id: {name}",
        "version: 1.0.0",
        f"stage: {stage}",
        f"summary: {scalar('What must be true of ' + name.replace('-', ' ') + '.')}",
        "gates:",
        *(f"  # {line}".rstrip() for line in _how_to_bind(near, stage)),
        f"  - id: {gate}",
        f"    rule: {scalar(rule)}",
        f"    binds_to: [{criterion}]",
        "    ship_blocking: true",
        "",
    ])  # fmt: skip


def _how_to_bind(near: list[Probe], stage: str) -> Iterable[str]:
    example = near[0]
    names = ", ".join(probe.name for probe in near[:_SHOWN])
    yield "This gate is UNBOUND: a rule that nobody measures yet, and worth nothing until somebody does."
    yield "Say what must be true, then name who measures it and what you expect, for example"
    yield ""
    yield f"    probe: {example.name}"
    yield "    expect:"
    yield f"      {example.checked}: {{at_least: 1, unit: {example.units[example.checked]}}}"
    yield ""
    yield f"Probes near here: {names}."
    yield f"Your own: specship new probe {stage}.what_it_measures"


def _insist_sound(path: str, text: str) -> None:
    """Refuse a text that would not be read back as it is meant.

    Raises:
        UnreadableDocument: the rule holds something that YAML refuses.
    """
    _, faults = contract_of(document_of(text.encode(), path), file_name=Path(path).name)
    if faults:
        raise UnreadableDocument(faults)
