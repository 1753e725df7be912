"""From an id to everything that is known of it: gates, criteria, probes, faults and codes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from specship.errors import UnknownName, did_you_mean
from specship.evidence.ledger import Ledger, read_ledger
from specship.faults.catalogue import file_of, first_sentence, known_faults, own_faults, sentence_of
from specship.probes.probe import Probe
from specship.probes.registry import OWN, probes_in_force
from specship.specs.project import Project, find_configuration, load_project
from specship.specs.records import FALSIFICATION, Criterion
from specship.status.assess import ledger_problems
from specship.status.report import CriterionReport
from specship.suite.explain.codes import explain_code, known_codes
from specship.suite.explain.gates import gate_at
from specship.suite.explain.records import (
    CriterionAtProfile,
    CriterionFound,
    FaultFound,
    Found,
    GateFound,
    ModelFound,
    NamesFound,
    ProbeFound,
)
from specship.suite.explain.remedies import criterion_mend, gate_mend
from specship.suite.explain.vocabulary import artifact_names, unit_names
from specship.suite.judging.arming_book import ArmingBook
from specship.suite.judging.report_building import report_models
from specship.suite.judging.trust import all_keys
from specship.suite.plan.plan import Plan, make_plan

_CODE: Final = re.compile(r"SHIP[0-9]+")


def explain(start: Path, name: str) -> Found:
    """Everything about an id, a code, a name, or (`gates`, `criteria`, `probes`, …) a list of names.

    Raises:
        UnknownName: nothing has that name; the nearest one is suggested.
        UnusableInput: the project has faults.
    """
    if _CODE.fullmatch(name.upper()):
        return explain_code(name.upper())
    if name == "units":
        found = find_configuration(start.resolve())
        return NamesFound(of=name, names=unit_names(probes_in_force(*found) if found else {}))
    if name == "codes":
        return NamesFound(of=name, names={code: entry.name for code, entry in known_codes().items()})
    return Explainer(load_project(start)).explain(name)


class Explainer:
    """One project, its plans and its ledger, asked for what they say of one thing."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.probes: Mapping[str, Probe] = probes_in_force(project.root, project.configuration)
        self.faults = known_faults(project.fault_folder)
        self.gates = {gate.id: (file, gate) for file in project.contracts for gate in file.contract.gates}

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        """One a profile, the project's own first."""
        first = self.project.profile().profile
        profiles = self.project.spec.profiles.items()
        shown = {name for name, profile in profiles if profile.kind != FALSIFICATION}
        names = sorted({first, *shown}, key=lambda name: (name != first, name))
        return tuple(make_plan(self.project, name) for name in names)

    @cached_property
    def ledger(self) -> Ledger:
        """Every statement of the project."""
        return read_ledger(self.project.ledger_folders, keys=all_keys(self.project))

    def explain(self, name: str) -> Found:
        """What is known of a name in this project.

        Raises:
            UnknownName: nothing has that name.
        """
        known: dict[str, Callable[[str], Found]] = {
            **dict.fromkeys(self.gates, self.gate),
            **dict.fromkeys(self.project.spec.criteria, self.criterion),
            **dict.fromkeys((model.id for model in self.project.spec.spec.models), self.model),
            **dict.fromkeys(self.probes, self.probe),
            **dict.fromkeys(self.faults, self.fault),
            **dict.fromkeys(("gates", "criteria", "probes", "faults", "artifacts"), self.names),
        }
        found = name if name in known else name.upper()
        if found in known:
            return known[found](found)
        near = did_you_mean(name, [*known, *known_codes()]) or did_you_mean(
            name.upper(), [*known, *known_codes()]
        )
        raise UnknownName(
            f"nothing here is called {name!r}",
            why="an id of a gate or criterion, a probe, a fault or a code can be explained",
            mend=near
            or "list them: specship explain gates (criteria, probes, faults, artifacts, units, codes)",
        )

    def names(self, of: str) -> NamesFound:
        """Every name of one kind."""
        lists: dict[str, Callable[[], dict[str, str]]] = {
            "gates": lambda: {name: gate.rule for name, (_, gate) in self.gates.items()},
            "criteria": lambda: {name: entry.statement for name, entry in self.project.spec.criteria.items()},
            "probes": lambda: {name: sentence_of(_text_of(probe)) for name, probe in self.probes.items()},
            "artifacts": lambda: artifact_names(self.project.state, self.project.profile()),
            "faults": lambda: {name: self.sentence(name) for name in sorted(self.faults)},
        }
        return NamesFound(of=of, names=lists[of]())

    def probe(self, name: str) -> ProbeFound:
        """What a probe measures, and for whom."""
        probe = self.probes[name]
        text = _text_of(probe)
        return ProbeFound(
            name=name,
            measures=sentence_of(text),
            text=text,
            artifacts=probe.artifacts,
            quantities=dict(probe.units),
            checked=probe.checked,
            file=_file_of(probe, self.project.root),
            gates=tuple(identity for identity, (_, gate) in self.gates.items() if gate.probe == name),
        )

    def fault(self, name: str) -> FaultFound:
        """What a fault is, and whose gates must catch it."""
        path = own_faults(self.project.fault_folder).get(name)
        return FaultFound(
            name=name,
            sentence=self.sentence(name),
            file=os.path.relpath(path, self.project.root) if path else "",
            gates=tuple(identity for identity, (_, gate) in self.gates.items() if name in gate.faults),
        )

    def sentence(self, fault: str) -> str:
        """A fault in one sentence: the first of its file."""
        return first_sentence(file_of(fault, self.project.fault_folder))

    def gate(self, identity: str) -> GateFound:
        """Everything about one gate."""
        file, gate = self.gates[identity]
        criteria = self.project.spec.criteria
        model = self.project.spec.spec.model_of(gate.binds_to[0]) if gate.binds_to else None
        damage: list[str] = []
        profiles = tuple(
            gate_at(plan, file, gate, self.ledger, probes=self.probes, damage=damage) for plan in self.plans
        )
        return GateFound(
            id=identity,
            rule=gate.rule,
            place=str(file.place(gate, "id")),
            contract=file.contract.contract_id,
            stage=file.contract.stage,
            model=model.id if model else "",
            blocking=gate.ship_blocking,
            armed=any(entry.standing is not None and entry.standing.armed for entry in profiles),
            criteria={name: criteria[name].statement for name in gate.binds_to},
            probe=self.probe(gate.probe) if gate.probe else None,
            faults={fault: self.sentence(fault) for fault in gate.faults},
            profiles=profiles,
            problems=self._problems(damage),
        )

    def model(self, identity: str) -> ModelFound:
        """A model at every profile."""
        title = next(model.title for model in self.project.spec.spec.models if model.id == identity)
        damage: list[str] = []
        reports = tuple(
            report
            for plan in self.plans
            for report in report_models(plan, self.ledger, damage)
            if report.model == identity
        )
        return ModelFound(id=identity, title=title, reports=reports, problems=self._problems(damage))

    def criterion(self, identity: str) -> CriterionFound:
        """Everything about one criterion."""
        spec = self.project.spec
        criterion = spec.criteria[identity]
        m, c = next(
            (m, c)
            for m, model in enumerate(spec.spec.models)
            for c, entry in enumerate(model.criteria)
            if entry.id == identity
        )
        damage: list[str] = []
        profiles = tuple(self._criterion_at(plan, criterion, damage) for plan in self.plans)
        return CriterionFound(
            id=identity,
            model=spec.spec.models[m].id,
            statement=criterion.statement,
            weight=criterion.weight,
            because=criterion.because,
            place=str(spec.document.place("models", m, "criteria", c, "id")),
            profiles=profiles,
            problems=self._problems(damage),
        )

    def _problems(self, damage: list[str]) -> tuple[str, ...]:
        """What is wrong with the ledger, the records of arming, and artifacts."""
        arming = map(str, ArmingBook(self.project).damaged)
        return (*ledger_problems(self.ledger), *dict.fromkeys((*damage, *arming)))

    def _criterion_at(self, plan: Plan, criterion: Criterion, damage: list[str]) -> CriterionAtProfile:
        reports: dict[str, CriterionReport] = {
            entry.id: entry
            for model in report_models(plan, self.ledger, damage)
            for entry in model.criteria
        }  # fmt: skip
        own = reports[criterion.id]
        statuses = {name: reports[name].status.value for name in criterion.depends_on}
        checks = {check.gate.id: check for check in plan.checks}
        mends = {gate.id: gate_mend(plan, checks[gate.id], gate, self.probes) for gate in own.gates}
        return CriterionAtProfile(
            profile=plan.profile.profile,
            kind=plan.profile.kind,
            status=own.status.value,
            reasons=own.reasons,
            depends_on=statuses,
            gates=own.gates,
            mend=criterion_mend(own, statuses, mends),
        )


def _text_of(probe: Probe) -> str:
    return probe.text or "its function does not describe it"


def _file_of(probe: Probe, root: Path) -> str:
    """The project's own file, or the module of a probe that was installed."""
    return os.path.relpath(probe.path, root) if probe.module.startswith(f"{OWN}.") else probe.module
