"""From contracts, spec, profile and probes to the checks that a session can run.

Here names meet what they name: a gate's probe, quantities, units, criteria and artifacts, and a
profile's overrides and settings. Whatever binds to nothing is an error with its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from specship.contracts.digest import contract_digest, gate_digest
from specship.contracts.document import Document
from specship.contracts.reader import ContractFile, gather
from specship.contracts.records import Gate
from specship.digests import digest_of
from specship.errors import UnknownName, UnusableInput, did_you_mean
from specship.pipeline.stage import Stage, all_stages
from specship.probes.registry import Probe, all_probes
from specship.specs.project import Project
from specship.specs.records import Model, Override, Profile


@dataclass(frozen=True, slots=True)
class Check:
    """One gate at one profile: what is measured, what is expected, and for whom."""

    gate: Gate
    """With the expectation and requirements in force."""
    file: ContractFile
    model: Model
    probe: Probe | None
    gate_digest: str
    contract_digest: str
    override: Override | None

    @property
    def node(self) -> str:
        """Its name as a test: `contracts/NAME-v1.yaml::GATE`."""
        return f"{self.file.path}::{self.gate.id}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Every check of a project at one profile."""

    project: Project
    profile: Profile
    checks: tuple[Check, ...]
    spec_digest: str

    def profile_digest(self, model: str) -> str:
        """Digest of what the profile sets for a model; overrides are in the gates' digests."""
        return digest_of({
            "profile": self.profile.profile,
            "kind": self.profile.kind,
            "model": model,
            "pipeline": self.profile.settings_of(model),
        })  # fmt: skip

    @property
    def oldest(self) -> timedelta | None:
        """Age beyond which evidence no longer counts."""
        days = self.profile.oldest_evidence_days
        return timedelta(days=days) if days else None


def effective(gate: Gate, override: Override | None) -> Gate:
    """The gate with a profile's override applied."""
    if override is None:
        return gate
    kept = {name: limit for name, limit in gate.expect.items() if name not in override.drop}
    changed: dict[str, object] = {"expect": {**kept, **override.expect}}
    if override.requires is not None:
        changed["requires"] = override.requires
    return gate.model_copy(update=changed)


def make_plan(project: Project, profile_name: str | None = None) -> Plan:
    """Bind everything to everything.

    Raises:
        UnreadableDocument: names that bind to nothing, units that differ, settings nobody reads;
            all of them are listed.
    """
    profile = project.profile(profile_name)
    document = project.spec.profile_documents[profile.profile]
    probes = all_probes(project.probe_folder)
    stages = all_stages()
    faults = [*_profile_faults(project, profile, document, stages)]
    checks = []
    for file in project.contracts:
        for gate in file.contract.gates:
            override = profile.overrides.get(gate.id)
            in_force = effective(gate, override)
            own = list(_gate_faults(project, file, gate, in_force, probes, stages))
            faults += own
            model = project.spec.spec.model_of(gate.binds_to[0])
            if own or model is None:
                continue
            probe = probes[gate.probe] if gate.probe else None
            digest = gate_digest(in_force, probe_code=probe.code if probe else "")
            checks.append(
                Check(in_force, file, model, probe, digest, contract_digest(file.contract), override)
            )
    gather(faults)
    return Plan(project, profile, tuple(checks), digest_of(project.spec.spec.model_dump(mode="json")))


def _gate_faults(
    project: Project,
    file: ContractFile,
    gate: Gate,
    in_force: Gate,
    probes: Mapping[str, Probe],
    stages: Mapping[str, Stage],
) -> Iterable[UnusableInput]:
    yield from _criterion_faults(project, file, gate)
    if gate.probe is None:
        return
    probe = probes.get(gate.probe)
    if probe is None:
        yield UnknownName(
            f"no probe is called {gate.probe!r}",
            at=file.place(gate, "probe"),
            why="a gate can only bind a quantity that some probe measures",
            mend=did_you_mean(gate.probe, probes) or f"there are: {', '.join(sorted(probes))}",
        )
        return
    for artifact in probe.artifacts:
        if artifact not in stages:
            yield UnknownName(
                f"probe {probe.name!r} measures {artifact!r}, which no stage makes",
                at=file.place(gate, "probe"),
                mend=did_you_mean(artifact, stages),
            )
    if not in_force.expect:
        yield UnusableInput(
            f"nothing is expected of {gate.id} at this profile", at=file.place(gate, "expect")
        )
    for quantity, expectation in in_force.expect.items():
        place = file.place(gate, "expect", quantity)
        if quantity not in probe.units:
            yield UnknownName(
                f"probe {probe.name!r} does not measure {quantity!r}",
                at=place,
                mend=did_you_mean(quantity, probe.units) or f"it measures: {', '.join(probe.units)}",
            )
        elif probe.units[quantity] != expectation.unit:
            yield UnusableInput(
                f"{quantity} is expected in {expectation.unit!r}, and {probe.name} measures it in "
                f"{probe.units[quantity]!r}",
                at=place,
                why="a limit in another unit is another limit",
                mend=f"write the limit in {probe.units[quantity]}",
            )


def _criterion_faults(project: Project, file: ContractFile, gate: Gate) -> Iterable[UnusableInput]:
    known = project.spec.criteria
    models = set()
    for index, criterion in enumerate(gate.binds_to):
        if criterion not in known:
            yield UnknownName(
                f"the spec has no criterion {criterion!r}",
                at=file.place(gate, "binds_to", index),
                mend=did_you_mean(criterion, known),
            )
        elif model := project.spec.spec.model_of(criterion):
            models.add(model.id)
    if len(models) > 1:
        yield UnusableInput(
            f"{gate.id} binds to criteria of {' and '.join(sorted(models))}",
            at=file.place(gate, "binds_to"),
            why="evidence is about one model's bytes",
            mend="write one gate a model",
        )


def _profile_faults(
    project: Project, profile: Profile, document: Document, stages: Mapping[str, Stage]
) -> Iterable[UnusableInput]:
    gates = {gate.id: gate for file in project.contracts for gate in file.contract.gates}
    for identity, override in profile.overrides.items():
        if identity not in gates:
            yield UnknownName(
                f"no contract has a gate {identity!r}",
                at=document.place("overrides", identity),
                mend=did_you_mean(identity, gates),
            )
            continue
        for index, quantity in enumerate(override.drop):
            if quantity not in gates[identity].expect:
                yield UnknownName(
                    f"{identity} expects nothing of {quantity!r}",
                    at=document.place("overrides", identity, "drop", index),
                    mend=did_you_mean(quantity, gates[identity].expect),
                )
    records = {name: record for stage in stages.values() for name, record in stage.settings.items()}
    for model, sections in profile.pipeline.items():
        for section in sections:
            at = ("pipeline", model, section)
            if section not in records:
                yield UnknownName(
                    f"no stage reads settings called {section!r}",
                    at=document.place(*at),
                    why="a setting that nobody reads would be a promise that nobody keeps",
                    mend=did_you_mean(section, records) or f"known: {', '.join(sorted(records))}",
                )
                continue
            try:
                document.build(records[section], *at)
            except UnusableInput as error:
                yield from getattr(error, "faults", (error,))
