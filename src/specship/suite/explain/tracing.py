"""From a plan, its reports and the ledger to the matrix of what refers to what, with orphans both ways."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from specship.contracts.reader import ContractFile
from specship.contracts.records import Gate
from specship.evidence.ledger import Ledger, read_ledger
from specship.faults.catalogue import own_faults, shipped_files
from specship.probes.probe import Probe
from specship.probes.registry import OWN, probes_in_force
from specship.specs.project import Project
from specship.status.assess import ledger_problems
from specship.status.report import ModelReport
from specship.suite.explain.trace_records import Orphan, Trace, TraceRow
from specship.suite.judging.report_building import report_models
from specship.suite.judging.trust import all_keys
from specship.suite.plan.plan import Plan, make_plan

SHIPPED_PLACE: Final = "specship"


def trace_project(project: Project, profile: str | None = None) -> Trace:
    """The matrix of a project at a profile.

    Raises:
        UnusableInput: names bind to nothing, or there is no such profile.
    """
    plan = make_plan(project, profile)
    ledger = read_ledger(project.ledger_folders, keys=all_keys(project))
    damage: list[str] = []
    reports = report_models(plan, ledger, damage)
    configured = project.configuration.faults
    faults = own_faults(project.root / configured if configured else None)
    probes = probes_in_force(project.root, project.configuration)
    return trace(plan, reports, ledger, probes=probes, faults=faults, damage=damage)


def trace(
    plan: Plan,
    reports: Sequence[ModelReport],
    ledger: Ledger,
    *,
    probes: Mapping[str, Probe],
    faults: Mapping[str, Path],
    damage: Iterable[str] = (),
) -> Trace:
    """The matrix, from what was read; `faults` are the project's own by name."""
    project = plan.project
    gates = {gate.id: (file, gate) for file in project.contracts for gate in file.contract.gates}
    orphans = (
        *_lonely_criteria(reports, project),
        *_lonely_gates(gates),
        *_lonely_probes(gates, probes, project.root),
        *_lonely_faults(gates, faults, project.root),
        *_lonely_evidence(gates, project, ledger),
    )
    return Trace(
        spec=project.spec.spec.spec_id,
        version=project.spec.version,
        profile=plan.profile.profile,
        rows=tuple(_rows(reports, gates)),
        orphans=orphans,
        problems=(*ledger_problems(ledger), *dict.fromkeys(damage)),
    )


Gates = Mapping[str, tuple[ContractFile, Gate]]


def _rows(reports: Iterable[ModelReport], gates: Gates) -> Iterable[TraceRow]:
    for report in reports:
        for criterion in report.criteria:
            for known in criterion.gates:
                file, gate = gates[known.id]
                yield TraceRow(
                    model=report.model,
                    criterion=criterion.id,
                    weight=criterion.weight,
                    status=criterion.status.value,
                    gate=gate.id,
                    blocking=gate.ship_blocking,
                    place=str(file.place(gate, "id")),
                    verdict=known.verdict,
                    fresh=known.fresh,
                    armed=known.armed,
                    probe=gate.probe,
                    faults=tuple(gate.faults),
                    evidence=known.evidence,
                    ended=known.ended,
                    limits=known.limits,
                )


def _lonely_criteria(reports: Iterable[ModelReport], project: Project) -> Iterable[Orphan]:
    document = project.spec.document
    for m, report in enumerate(reports):
        for c, criterion in enumerate(report.criteria):
            if not criterion.gates:
                place = str(document.place("models", m, "criteria", c, "id"))
                yield _orphan("criterion-without-gate", criterion.id, place, criterion.statement)


def _lonely_gates(gates: Gates) -> Iterable[Orphan]:
    for identity, (file, gate) in gates.items():
        place = str(file.place(gate, "id"))
        if not gate.binds_to:
            yield _orphan(
                "gate-without-criterion", identity, place, "it speaks for nobody and counts nowhere"
            )
        if gate.probe is None:
            yield _orphan("gate-without-probe", identity, place, "UNBOUND: nobody measures it")
        if not gate.faults:
            yield _orphan("gate-without-fault", identity, place, "no defect is named that it must catch")
            continue
        for quantity in gate.unpredicted:
            place = str(file.place(gate, "expect", quantity))
            yield _orphan("limit-without-fault", f"{identity}.{quantity}", place, "nobody has seen it fail")


def _lonely_probes(gates: Gates, probes: Mapping[str, Probe], root: Path) -> Iterable[Orphan]:
    used = {gate.probe for _, gate in gates.values()}
    for name, probe in sorted(probes.items()):
        if name not in used:
            said = f"measures {', '.join(probe.artifacts)}, and no gate asks"
            yield _orphan("probe-without-gate", name, _home(probe, root), said)


def _home(probe: Probe, root: Path) -> str:
    """The project's own file, the module of an installed probe, or that it comes with specship."""
    if probe.module.startswith(f"{OWN}."):
        return os.path.relpath(probe.path, root)
    return SHIPPED_PLACE if probe.home is None else probe.module


def _lonely_faults(gates: Gates, own: Mapping[str, Path], root: Path) -> Iterable[Orphan]:
    named = {fault for _, gate in gates.values() for fault in gate.faults}
    for name in sorted({*shipped_files(), *own} - named):
        place = os.path.relpath(own[name], root) if name in own else SHIPPED_PLACE
        yield _orphan("fault-without-gate", name, place, "no gate has to catch it")


def _lonely_evidence(gates: Gates, project: Project, ledger: Ledger) -> Iterable[Orphan]:
    """Statements about gates, models or profiles that the project no longer has."""
    models = {c.id: model.id for model in project.spec.spec.models for c in model.criteria}
    for entry in ledger.statements:
        fact = entry.evidence
        known = gates.get(fact.gate)
        owner = models.get(known[1].binds_to[0]) if known and known[1].binds_to else None
        if known is None:
            said = f"it speaks of {fact.gate}, which no contract has"
        elif owner != fact.model:
            said = f"it speaks of {fact.gate} for {fact.model}, whose gate that is not"
        elif fact.profile not in project.spec.profiles:
            said = f"it speaks of {fact.gate} at profile {fact.profile}, which is none"
        else:
            continue
        yield _orphan("evidence-without-gate", entry.digest, fact.contract, said)


def _orphan(kind: str, name: str, place: str, said: str) -> Orphan:
    return Orphan.model_validate({"kind": kind, "name": name, "place": place, "said": said})
