"""A project with committed evidence: statements and arming of its gates, signed by a key that it trusts."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from specship.contracts.expectation import Expectation
from specship.contracts.measurement import Measurement
from specship.digests import digest_of
from specship.evidence.arming import Arming, FaultSeen, SeenFailing, write_arming
from specship.evidence.artifact_record import ArtifactRecord, FileRecord, Ingredients, artifact_digest
from specship.evidence.ledger_writer import LedgerWriter
from specship.evidence.made_artifact import MadeArtifact
from specship.evidence.signing import SigningKey
from specship.evidence.statement import Environment, Evidence
from specship.faults.catalogue import fault_code, file_of
from specship.specs.project import load_project
from specship.suite.artifacts.ingredients import code_of, versions
from specship.suite.judging.judging_code import judged_by
from specship.suite.judging.todays_artifacts import TodaysArtifacts
from specship.suite.plan.fault_injection import falsification_plan
from specship.suite.plan.plan import Check, Plan, make_plan
from specship.suite.plan.upstream import stages_behind
from specship.units import Quantity, Value
from tests.evidence.statements import write_result

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


def state_artifacts(plan: Plan, writer: LedgerWriter, **changes: Any) -> TodaysArtifacts:
    """A stage statement for everything that the gates of a plan measure, of today's settings and code."""
    known = TodaysArtifacts(plan.profile, writer.read(), lambda _: True, lambda _: plan.project.root)
    for check in plan.checks:
        names = check.probe.artifacts if check.probe else ()
        pending = list(stages_behind(plan.profile, check.model.id, names))
        while pending:  # what it is made from comes first
            owner, stage = pending.pop()
            known = TodaysArtifacts(plan.profile, writer.read(), lambda _: True, lambda _: plan.project.root)
            inputs = {name: known.of(owner, name) for name in stage.needs}
            if known.of(owner, stage.makes) is not None:
                continue
            if None in inputs.values():
                pending.insert(0, (owner, stage))
                continue
            settings = stage.counted(plan.profile.settings_of(owner))
            facts: dict[str, Any] = {
                "settings": settings, "inputs": {name: one.digest for name, one in inputs.items() if one},
                "code": code_of(stage), "packages": versions(stage),
                "outside": stage.outside(settings, plan.project.root) if stage.outside else "",
            }  # fmt: skip
            ingredients = Ingredients(**facts | changes)
            files = (FileRecord(name="made", bytes=1, sha256=digest_of([owner, stage.makes])),)
            artifact = ArtifactRecord(
                makes=stage.makes, ingredients=ingredients, files=files, finished=WHEN.isoformat(), seconds=1.0,
                digest=artifact_digest(stage.makes, files, ingredients.inputs),
            )  # fmt: skip
            writer.append(
                MadeArtifact(
                    model=owner,
                    profile=plan.profile.profile,
                    makes=stage.makes,
                    stage=stage.name,
                    artifact=artifact,
                    environment=MACHINE,
                    signed=WHEN,
                )
            )  # fmt: skip
    return TodaysArtifacts(plan.profile, writer.read(), lambda _: True, lambda _: plan.project.root)


def _evidence(plan: Plan, check: Check, measured: dict[str, Value], artifacts: TodaysArtifacts) -> Evidence:
    assert check.probe is not None
    values = {name: _met(limit) for name, limit in check.gate.expect.items()} | measured
    quantities = {name: Quantity(value, check.probe.units[name]) for name, value in values.items()}
    quantities.setdefault(check.probe.checked, Quantity(1000, check.probe.units[check.probe.checked]))
    found = {name: artifacts.of(check.model.id, name) for name in check.probe.artifacts}
    return Evidence(
        gate=check.gate.id, contract=check.file.path, model=check.model.id, profile=plan.profile.profile,
        gate_digest=check.gate_digest, contract_digest=check.contract_digest, spec_digest=plan.spec_digest,
        profile_digest=plan.profile_digest(check), subjects={name: one.digest if one else "a" * 64 for name, one in found.items()},
        ingredients={name: one.key if one else "1" * 16 for name, one in found.items()},
        verdict="PASS", reason="it holds", measurement=Measurement(quantities, check.probe.checked),
        environment=MACHINE, started=WHEN, ended=WHEN, judged_by=judged_by(),
    )  # fmt: skip


def _broken(expectation: Expectation) -> Value:
    """A value that violates a limit."""
    limit: Any = expectation.limit
    if expectation.operator in {"between", "one_of"}:
        limit = limit[0]
    if isinstance(limit, bool):
        return not limit
    if isinstance(limit, str):
        return f"not {limit}"
    value: Value = limit + 1 if expectation.operator in {"at_most", "below", "equals"} else limit - 1
    return value


def hold_evidence(
    folder: Path, key: SigningKey, profile: str, measured: dict[str, dict[str, Value]], *, but: str = ""
) -> None:
    """Commitable evidence and arming of every gate at a profile; `measured` are values by gate and quantity.

    Of the gate `but` there is arming alone.
    """
    project = load_project(folder)
    plan, falsified = make_plan(project, profile), falsification_plan(project)
    seen = {check.gate.id: check.gate_digest for check in falsified.checks}
    writer = LedgerWriter(folder / "evidence", [folder / "evidence"], key)
    artifacts = state_artifacts(plan, writer)
    for check in plan.checks:
        if check.gate.id != but:
            write_result(writer, _evidence(plan, check, measured.get(check.gate.id, {}), artifacts))
        faults = {
            name: FaultSeen(
                code=fault_code(file_of(name, project.fault_folder)), evidence="0" * 64,
                fails=tuple(
                    SeenFailing(
                        quantity=quantity, value=_broken(check.gate.expect[quantity]),
                        unit=check.gate.expect[quantity].unit, limit=check.gate.expect[quantity].limit_text,
                    )
                    for quantity in quantities
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
