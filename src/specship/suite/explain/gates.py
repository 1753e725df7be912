"""One gate at one profile: limits in force with the lines that set them, evidence, and what would mend it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from specship.contracts.judging import Verdict, judge
from specship.contracts.reader import ContractFile
from specship.contracts.records import Gate
from specship.evidence.ledger import Ledger
from specship.probes.probe import Probe
from specship.specs.in_force import effective
from specship.status.assess import gate_report
from specship.status.folding import GateStanding, standing
from specship.status.report import GateReport
from specship.suite.explain.records import GateAtProfile, Limit
from specship.suite.explain.remedies import gate_mend
from specship.suite.flip_rates.book import FlipRateBook
from specship.suite.judging.arming_book import ArmingBook
from specship.suite.judging.today import today, todays_artifacts
from specship.suite.plan.plan import Check, Plan

_JUDGED: Final = {Verdict.PASS, Verdict.FAIL}
_MUTE: Final = "it speaks for no criterion and counts nowhere: write `binds_to:`"


def gate_at(
    plan: Plan,
    file: ContractFile,
    gate: Gate,
    ledger: Ledger,
    *,
    probes: Mapping[str, Probe],
    damage: list[str],
) -> GateAtProfile:
    """What is known of a gate at the profile of a plan; damaged artifacts are named in `damage`."""
    profile = plan.profile
    in_force = effective(gate, profile.overrides.get(gate.id))
    check = next((entry for entry in plan.checks if entry.gate.id == gate.id), None)
    report = _report(plan, check, ledger, damage) if check else None
    mend = gate_mend(plan, check, report, probes) if check and report else (_MUTE,)
    excluded = check is not None and set(gate.binds_to) <= profile.not_judged.keys()
    device = in_force.requires.device or ""
    return GateAtProfile(
        profile=profile.profile,
        kind=profile.kind,
        limits=tuple(_limit(plan, file, gate, quantity) for quantity in in_force.expect),
        dropped=_dropped(plan, gate),
        requires=device,
        requires_origin=_requires_origin(plan, file, gate),
        not_judged="; ".join(profile.not_judged[name] for name in gate.binds_to) if excluded else "",
        standing=report,
        mend=() if excluded else mend,
    )


def _limit(plan: Plan, file: ContractFile, gate: Gate, quantity: str) -> Limit:
    """A limit in force, with the line of the profile or of the contract that sets it."""
    override = plan.profile.overrides.get(gate.id)
    if override is None or quantity not in override.expect:
        place = file.place(gate, "expect", quantity)
        return Limit(quantity=quantity, limit=gate.expect[quantity].limit_text, origin=str(place))
    own = gate.expect.get(quantity)
    return Limit(
        quantity=quantity,
        limit=override.expect[quantity].limit_text,
        origin=_in_profile(plan, gate, "expect", quantity),
        reason=override.reason,
        instead_of=own.limit_text if own else "",
    )


def _dropped(plan: Plan, gate: Gate) -> tuple[Limit, ...]:
    """The contract's limits that a profile leaves out, with its reason."""
    override = plan.profile.overrides.get(gate.id)
    if override is None:
        return ()
    origin = _in_profile(plan, gate, "drop")
    return tuple(
        Limit(quantity=name, limit=gate.expect[name].limit_text, origin=origin, reason=override.reason)
        for name in override.drop
        if name not in override.expect
    )


def _requires_origin(plan: Plan, file: ContractFile, gate: Gate) -> str:
    """Where the requirement in force, or its lifting, is written; empty where there never was one."""
    override = plan.profile.overrides.get(gate.id)
    if override is not None and override.requires is not None:
        return _in_profile(plan, gate, "requires")
    return str(file.place(gate, "requires")) if gate.requires.device else ""


def _in_profile(plan: Plan, gate: Gate, *keys: str) -> str:
    document = plan.project.spec.profile_documents[plan.profile.profile]
    return str(document.place("overrides", gate.id, *keys))


def _report(plan: Plan, check: Check, ledger: Ledger, damage: list[str]) -> GateReport:
    """The gate as it stands; old evidence is judged by today's limits too, so that its figures show."""
    artifacts = todays_artifacts(plan, ledger)
    arming = ArmingBook(plan.project)
    now = today(plan, check, artifacts, arming=arming)
    damage += artifacts.damage
    known = gate_report(now, _judged_again(check.gate, standing(now, ledger.of_gate(check.gate.id))))
    return FlipRateBook(plan.project, arming.ring).gate_with_noise(known, plan.profile.profile)


def _judged_again(gate: Gate, known: GateStanding) -> GateStanding:
    measurement = known.newest.evidence.measurement if known.newest else None
    if known.ruling is not None or measurement is None:
        return known
    ruling = judge(gate.expect, measurement)
    verdict = ruling.verdict if known.verdict in _JUDGED else known.verdict
    return replace(known, ruling=ruling, verdict=verdict)
