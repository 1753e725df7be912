"""From contracts, spec, profile and probes to the checks that a session can run.

Here names meet what they name: a gate's probe, quantities, units, criteria and artifacts, and a
profile's overrides and settings. Whatever binds to nothing is an error with its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from specship.contracts.digest import contract_digest, gate_digest
from specship.contracts.document import Document, in_order
from specship.contracts.reader import ContractFile, gather
from specship.contracts.records import Gate
from specship.digests import digest_of
from specship.errors import UnreadableDocument, UnusableInput
from specship.probes.probe import Probe
from specship.probes.registry import probes_in_force
from specship.specs.binding import Known, contract_faults, gates_of
from specship.specs.in_force import effective
from specship.specs.project import Project, Survey, survey_project
from specship.specs.reader import SpecFolder
from specship.specs.records import Model, Override, Profile
from specship.suite.plan.commands import setting_faults, with_commands
from specship.suite.plan.upstream import Apart, apart_from_line, profile_digest, untied_run
from specship.suite.plan.vocabulary import known_names


@dataclass(frozen=True)
class Check:
    """One gate at one profile: what is measured, what is expected, and for whom."""

    gate: Gate
    """With the expectation and requirements in force."""
    file: ContractFile
    model: Model
    probe: Probe | None
    override: Override | None

    @cached_property
    def gate_digest(self) -> str:
        """Digest of what the gate means at this profile, the probe's code included."""
        return gate_digest(self.gate, probe_code=self.probe.code if self.probe else "")

    @cached_property
    def contract_digest(self) -> str:
        """Digest of everything its contract says."""
        return contract_digest(self.file.contract)

    @property
    def node(self) -> str:
        """Its name as a test: `contracts/NAME-v1.yaml::GATE`."""
        return f"{self.file.path}::{self.gate.id}"


@dataclass(frozen=True)
class Plan:
    """Every check of a project at one profile."""

    project: Project
    profile: Profile
    checks: tuple[Check, ...]
    """Gates that speak for a criterion; one that speaks for none can be read and counts nowhere."""

    @cached_property
    def spec_digest(self) -> str:
        """Digest of everything the spec says."""
        return digest_of(self.project.spec.spec.model_dump(mode="json"))

    @cached_property
    def by_contract(self) -> Mapping[str, tuple[Check, ...]]:
        """The checks of each contract file by its path."""
        found: dict[str, list[Check]] = {}
        for check in self.checks:
            found.setdefault(check.file.path, []).append(check)
        return {path: tuple(checks) for path, checks in found.items()}

    def profile_digest(self, check: Check) -> str:
        """Digest of what the profile sets for the stages behind what a check measures."""
        key = (check.model.id, check.probe.artifacts if check.probe else ())
        if key not in self._digests:
            self._digests[key] = profile_digest(self.profile, *key)
        return self._digests[key]

    def apart(self, check: Check) -> Apart:
        """Artifacts of a check that have nothing to do with its model's checkpoint, and why."""
        artifacts = check.probe.artifacts if check.probe else ()
        key = (check.model.id, artifacts)
        if key not in self._apart:
            self._apart[key] = apart_from_line(self.profile, *key)
        return self._apart[key]

    @cached_property
    def _digests(self) -> dict[tuple[str, tuple[str, ...]], str]:
        """Answers of `profile_digest`."""
        return {}

    def untied(self, check: Check) -> str:
        """What is to be said of a gate about a run that nothing ties to its model's checkpoint."""
        if check.probe is None:
            return ""
        asked = {one.probe.name for one in self.checks if one.probe and one.model.id == check.model.id}
        return untied_run(self.profile, check.model.id, check.probe.artifacts, asked)

    @cached_property
    def _apart(self) -> dict[tuple[str, tuple[str, ...]], Apart]:
        """Answers of `apart`: many checks measure the same artifacts."""
        return {}

    @property
    def oldest(self) -> timedelta | None:
        """Age beyond which evidence no longer counts."""
        days = self.profile.oldest_evidence_days
        return timedelta(days=days) if days else None


def make_plan(project: Project, profile_name: str | None = None) -> Plan:
    """Bind everything to everything.

    Raises:
        UnreadableDocument: names that bind to nothing, units that differ, settings nobody reads;
            all of them are listed.
    """
    profile = project.profile(profile_name)
    known = known_names(project.root, project.configuration)
    documents = (file.document for file in project.contracts)
    gather(binding_faults(documents, project.spec, known, (profile.profile,)))
    return _bound(project, profile)


def open_plan(start: Path, profile_name: str | None = None) -> Plan:
    """The plan of the project at or above a folder, read once.

    Raises:
        UnreadableDocument: faults of any kind in any file, all of them listed.
        UnknownName: there is no such profile.
    """
    survey = survey_project(start)
    faults = all_faults(survey, known_names(survey.root, survey.configuration))
    project = survey.project
    if project is None or faults:
        raise UnreadableDocument(faults)
    return _bound(project, project.profile(profile_name))


def all_faults(survey: Survey, known: Known) -> list[UnusableInput]:
    """Everything that keeps a project from being used, file by file: its texts, shapes and names."""
    names: Iterable[UnusableInput] = ()
    if survey.spec is not None:
        names = binding_faults(survey.documents, survey.spec, known, survey.spec.profiles)
    return in_order([*survey.faults, *names])


def plan_at(project: Project, profile_name: str) -> Plan:
    """The plan of a project whose names were checked when it was opened, at another profile."""
    return _bound(project, project.profile(profile_name))


def _bound(project: Project, profile: Profile) -> Plan:
    probes = probes_in_force(project.root, project.configuration)
    models = {criterion.id: model for model in project.spec.spec.models for criterion in model.criteria}
    checks = []
    for file in project.contracts:
        for gate in file.contract.gates:
            if not gate.binds_to:
                continue
            override = profile.overrides.get(gate.id)
            probe = probes[gate.probe] if gate.probe else None
            in_force = effective(gate, override)
            checks.append(Check(in_force, file, models[gate.binds_to[0]], probe, override))
    return Plan(project, profile, tuple(checks))


def binding_faults(
    documents: Iterable[Document], spec: SpecFolder, known: Known, profiles: Iterable[str]
) -> Iterable[UnusableInput]:
    """Names in contracts and profiles that bind to nothing, and whatever has two meanings."""
    models = {criterion.id: model.id for model in spec.spec.models for criterion in model.criteria}
    gates: dict[str, Mapping[str, Any]] = {}
    known = with_commands(known, spec.profiles.values())
    for document in documents:
        yield from contract_faults(document, known, models)
        gates |= {str(gate.get("id")): gate for gate in gates_of(document)}
    for name in profiles:
        yield from setting_faults(spec.profiles[name], spec.profile_documents[name], known, gates)
