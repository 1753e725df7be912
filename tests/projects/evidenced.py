"""A project with committed evidence: statements and arming of its gates, signed by a key that it trusts."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from specship.contracts.expectation import Expectation
from specship.contracts.measurement import Measurement
from specship.evidence.arming import Arming, FaultSeen, SeenFailing, write_arming
from specship.evidence.ledger import append
from specship.evidence.signing import SigningKey
from specship.evidence.statement import Environment, Evidence
from specship.faults.catalogue import fault_code, file_of
from specship.specs.project import load_project
from specship.suite.plan.fault_injection import falsification_plan
from specship.suite.plan.plan import Check, Plan, make_plan
from specship.units import Quantity, Value

MACHINE = Environment(
    device="cuda: a test", driver="1", torch="2", python="3", platform="linux", host="0" * 16,
    git_commit="0" * 40, git_dirty=False,
)  # fmt: skip
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def _met(expectation: Expectation) -> Value:
    """A value that just meets a limit."""
    limit: Any = expectation.limit
    value: Value = limit
    if expectation.operator in {"between", "one_of"}:
        value = limit[0]
    elif expectation.operator in {"below", "above"}:
        value = limit - 0.001 if expectation.operator == "below" else limit + 1
    return value


def _broken(expectation: Expectation) -> Value:
    """A value that breaks a limit."""
    limit: Any = expectation.limit
    if expectation.operator == "between":
        return limit[1] + 1
    if isinstance(limit, str | tuple):
        return "broken"
    return limit + (1 if expectation.operator in {"at_most", "below", "equals"} else -1)


def _evidence(plan: Plan, check: Check, measured: dict[str, Value], parents: tuple[str, ...]) -> Evidence:
    assert check.probe is not None
    values = {name: _met(limit) for name, limit in check.gate.expect.items()} | measured
    quantities = {name: Quantity(value, check.probe.units[name]) for name, value in values.items()}
    quantities.setdefault(check.probe.checked, Quantity(1000, check.probe.units[check.probe.checked]))
    return Evidence(
        gate=check.gate.id, contract=check.file.path, model=check.model.id, profile=plan.profile.profile,
        gate_digest=check.gate_digest, contract_digest=check.contract_digest, spec_digest=plan.spec_digest,
        profile_digest=plan.profile_digest(check.model.id), subjects=dict.fromkeys(check.probe.artifacts, "a" * 64),
        verdict="PASS", reason="it holds", measurement=Measurement(quantities, check.probe.checked),
        environment=MACHINE, started=WHEN, ended=WHEN, parents=parents,
    )  # fmt: skip


def hold_evidence(folder: Path, key: SigningKey, profile: str, measured: dict[str, dict[str, Value]]) -> None:
    """Commitable evidence and arming of every gate at a profile; `measured` are values by gate and quantity."""
    project = load_project(folder)
    plan, falsified = make_plan(project, profile), falsification_plan(project)
    seen = {check.gate.id: check.gate_digest for check in falsified.checks}
    for check in plan.checks:
        append(folder / "evidence", _evidence(plan, check, measured.get(check.gate.id, {}), ()), key)
        limits = check.gate.expect
        faults = {
            name: FaultSeen(
                code=fault_code(file_of(name, project.fault_folder)), evidence="0" * 64,
                fails=tuple(
                    SeenFailing(quantity=one, value=_broken(limits[one]), unit=limits[one].unit, limit="")
                    for one in quantities
                ),
            )
            for name, quantities in check.gate.faults.items()
        }  # fmt: skip
        gates = {profile: check.gate_digest, falsified.profile.profile: seen[check.gate.id]}
        arming = Arming(
            gate=check.gate.id, contract=check.file.path, profile=falsified.profile.profile, gates=gates,
            faults=faults, environment=MACHINE, ended=WHEN,
        )  # fmt: skip
        write_arming(folder / "evidence" / "arming", arming, key)
