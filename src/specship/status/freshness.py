"""Which statements speak about today's gate, bytes and profile, and what they amount to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from specship.contracts.judging import Ruling, Verdict, judge
from specship.contracts.records import Gate
from specship.evidence.arming import NEVER_SEEN
from specship.evidence.statement import Evidence, Opened

FURTHEST_FUTURE: Final = timedelta(minutes=5)
"""Clocks differ; a statement further ahead than this is refused."""


@dataclass(frozen=True, slots=True)
class Today:
    """One gate as it stands now, with everything its evidence must agree with."""

    gate: Gate
    """With the expectation and requirements in force at the profile."""
    contract: str
    model: str
    profile: str
    gate_digest: str
    profile_digest: str
    subjects: Mapping[str, str | None]
    """Digest of each artifact it measures as it lies on the disk; None where there is none."""
    missing: str = ""
    """Why it cannot be measured now: a requirement or an upstream stage; empty when it can."""
    failed: str = ""
    """Why its artifacts could not be made or measured in this session; empty when they could."""
    release: bool = False
    trusted: frozenset[bytes] = frozenset()
    """Public keys whose signature counts at this profile."""
    oldest: timedelta | None = None
    """Age beyond which evidence no longer counts; None sets no limit."""
    unarmed: str = NEVER_SEEN
    """Why it is not armed; empty when each limit that a fault can break was seen to fail."""
    seen: frozenset[str] = frozenset()
    """The quantities whose limits were seen to fail."""


@dataclass(frozen=True, slots=True)
class GateStanding:
    """What the ledger says of one gate today."""

    verdict: Verdict | None
    fresh: bool
    reason: str
    newest: Opened | None = None
    ruling: Ruling | None = None


def differences(evidence: Evidence, today: Today) -> tuple[str, ...]:
    """What the evidence is about that is no longer so; empty when it is fresh."""
    found = []
    if evidence.gate_digest != today.gate_digest:
        found.append("the gate's limit, probe, requirement or faults changed")
    if evidence.profile_digest != today.profile_digest:
        found.append(f"the settings of profile {today.profile} changed")
    if evidence.subjects.keys() != today.subjects.keys():
        found.append("it measured other artifacts")
    for name, digest in sorted(today.subjects.items()):
        if digest is None:
            found.append(f"the artifact {name} is not there")
        elif name in evidence.subjects and evidence.subjects[name] != digest:
            found.append(f"the bytes of {name} changed")
    return tuple(found)


def inadmissible(entry: Opened, today: Today, now: datetime) -> str:
    """Why a statement earns nothing here whatever it says, or the empty string."""
    evidence = entry.evidence
    checks = {
        "no key that counts at this profile signed it": not entry.signers & today.trusted,
        "it comes from the future": evidence.ended > now + FURTHEST_FUTURE,
        "it ended before it began": evidence.ended < evidence.started,
        "it is older than the profile allows": bool(today.oldest and now - evidence.ended > today.oldest),
        "it was taken on the CPU, and the gate requires CUDA": (
            today.gate.requires.device == "cuda" and not evidence.environment.device.startswith("cuda")
        ),
        "it was taken on files that are not committed": today.release and evidence.environment.git_dirty,
    }
    return "; ".join(reason for reason, applies in checks.items() if applies)


def standing(today: Today, statements: tuple[Opened, ...], *, now: datetime | None = None) -> GateStanding:
    """What statements of this gate, model and profile amount to; the worst of fresh ones wins.

    Every measurement is judged again. Two fresh statements with different verdicts on the same
    bytes are FLAKY, which counts as a failure: else twenty tries and one kept pass would ship.
    """
    if today.gate.probe is None:
        return GateStanding(Verdict.UNBOUND, fresh=False, reason="no probe is bound to it yet")
    moment = now or datetime.now(UTC)
    own = [
        entry
        for entry in statements
        if (entry.evidence.gate, entry.evidence.model, entry.evidence.profile)
        == (today.gate.id, today.model, today.profile)
    ]
    refused = {entry.digest: inadmissible(entry, today, moment) for entry in own}
    counted = [entry for entry in own if not refused[entry.digest]]
    fresh = [entry for entry in counted if not differences(entry.evidence, today)]
    if today.failed:
        return GateStanding(Verdict.ERROR, fresh=True, reason=today.failed, newest=None)
    if fresh:
        return _fold(today, fresh)
    if today.missing:
        return GateStanding(
            Verdict.BLOCKED, fresh=False, reason=today.missing, newest=own[-1] if own else None
        )
    if counted:
        reasons = differences(counted[-1].evidence, today)
        stale = Verdict(counted[-1].evidence.verdict)
        return GateStanding(stale, fresh=False, reason="; ".join(reasons), newest=counted[-1])
    if own:
        return GateStanding(
            None, fresh=False, reason=f"evidence refused: {refused[own[-1].digest]}", newest=own[-1]
        )
    return GateStanding(None, fresh=False, reason="no evidence yet")


def _broken(pair: tuple[Opened, Ruling]) -> int:
    """How many limits do not hold."""
    return sum(not entry.holds for entry in pair[1].judgements)


def _fold(today: Today, fresh: list[Opened]) -> GateStanding:
    rulings = [
        (entry, judge(today.gate.expect, entry.evidence.measurement))
        for entry in fresh
        if entry.evidence.measurement is not None
    ]
    if not rulings:
        newest = fresh[-1]
        return GateStanding(Verdict.ERROR, fresh=True, reason=newest.evidence.reason, newest=newest)
    failing = [pair for pair in reversed(rulings) if pair[1].verdict != Verdict.PASS]
    worst, ruling = max(failing, key=_broken, default=rulings[-1])  # the newest of those that break as much
    reason = ruling.reason
    if unmeasured := len(fresh) - len(rulings):
        reason += f" ({unmeasured} other attempts on the same bytes could not measure)"
    if len({r.verdict for _, r in rulings}) > 1:
        reason = f"FLAKY: {len(rulings)} measurements of the same bytes disagree; the worst: {reason}"
    stated = worst.evidence.verdict
    if stated != ruling.verdict:
        reason = f"stated {stated}, judged {ruling.verdict}: {reason}"
    return GateStanding(ruling.verdict, fresh=True, reason=reason, newest=worst, ruling=ruling)
