"""What everything that the ledger holds of one gate amounts to today.

Credit needs everything: a statement that was announced, signed by a key that counts, and about today's
limit, settings and bytes. Blame needs less: a failure of today's gate counts whatever its age, whoever signed
it, and whatever bytes came of the same ingredients. Else stages and keys would be made again till it passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from specship.contracts.judging import Ruling, Verdict, judge
from specship.evidence.attempt import Attempt
from specship.evidence.attempt_mark import Mark
from specship.evidence.ledger import AskedGate, GateEntries, Ledger
from specship.evidence.statement import ANNOUNCED, Evidence, Opened
from specship.status.freshness import Today, differences, inadmissible


@dataclass(frozen=True, slots=True)
class GateStanding:
    """What the ledger says of one gate today."""

    verdict: Verdict | None
    fresh: bool
    reason: str
    newest: Opened | None = None
    ruling: Ruling | None = None
    cautions: tuple[str, ...] = ()
    """What else the ledger holds of it, where that does not decide."""


class _Unmeasured(NamedTuple):
    """An attempt that came to no figure."""

    moment: datetime
    reason: str
    entry: Opened | None


def entries_of(today: Today, ledger: Ledger, *, now: datetime | None = None) -> GateEntries:
    """What a ledger holds of a gate, or so much of it as `standing` comes to the same with."""
    moment = now or datetime.now(UTC)

    def counts(entry: Opened, entries: GateEntries) -> bool:
        return not (inadmissible(entry, today, moment) or unannounced(entry, entries))

    asked = AskedGate(
        today.gate.id, today.model, today.profile, today.gate_digest, today.subjects, today.ingredients
    )
    return ledger.about(asked, counts)


def standing(today: Today, entries: GateEntries, *, now: datetime | None = None) -> GateStanding:
    """What the entries of a gate amount to; the worst of those that count wins.

    Every measurement is judged again. Two different verdicts under one key are FLAKY, which counts as a
    failure: else twenty tries and one kept pass would ship.
    """
    if today.gate.probe is None:
        return GateStanding(Verdict.UNBOUND, fresh=False, reason="no probe is bound to it yet")
    moment = now or datetime.now(UTC)
    own = [entry for entry in entries.statements if _speaks_of(entry.evidence, today)]
    refused = {
        entry.digest: inadmissible(entry, today, moment) or unannounced(entry, entries) for entry in own
    }
    counted = [entry for entry in own if not refused[entry.digest]]
    credit = [entry for entry in counted if not differences(entry.evidence, today)]
    if today.failed:
        return GateStanding(Verdict.ERROR, fresh=True, reason=today.failed)
    known = {entry.digest for entry in credit}
    others = (entry for entry in entries.statements if entry.digest not in known)
    blame = [entry for entry in others if _same_key(entry.evidence, today)]
    if found := _fold(today, entries, credit, blame):
        return found
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


def _speaks_of(evidence: Evidence, today: Today) -> bool:
    return (evidence.gate, evidence.model, evidence.profile) == (today.gate.id, today.model, today.profile)


def unannounced(entry: Opened, entries: GateEntries) -> str:
    """Why a statement does not count as announced before it was measured, or the empty string."""
    evidence = entry.evidence
    if not evidence.attempt:
        return "no attempt announced it"
    attempt = entries.attempts.get(evidence.attempt)
    if attempt is None:
        return "the attempt that announced it is missing"
    told = attempt.record
    if not attempt.signers & entry.signers:
        return "another key announced it"
    if told.started > evidence.started:
        return "it began before it was announced"
    same = all(getattr(told, fact) == getattr(evidence, fact) for fact in ANNOUNCED)
    return "" if same else "its attempt announced another measurement"


def _same_key(about: Evidence | Attempt, today: Today) -> bool:
    """Whether it is about today's gate, and the same bytes or what the same ingredients gave.

    What was measured does not change with the name of a profile.
    """
    if about.gate_digest != today.gate_digest or about.model != today.model:
        return False
    if not today.subjects and about.profile != today.profile:
        return False
    return dict(about.subjects) == today.subjects or dict(about.ingredients) == today.ingredients


def _fold(
    today: Today, entries: GateEntries, credit: list[Opened], blame: list[Opened]
) -> GateStanding | None:
    """The verdict of what counts; None where nothing does."""
    judged = [
        (entry, judge(today.gate.expect, entry.evidence.measurement))
        for entry in (*credit, *blame)
        if entry.evidence.measurement is not None
    ]
    credited = {entry.digest for entry in credit}
    passing = [pair for pair in judged if pair[1].verdict == Verdict.PASS and pair[0].digest in credited]
    failing = [pair for pair in judged if pair[1].verdict != Verdict.PASS]
    attempts = [*_errors((*credit, *blame)), *_unfinished(today, entries)]
    unmeasured = sorted(attempts, key=lambda one: one.moment)
    if failing:
        found = _failed(passing, failing)
    elif passing and not (unmeasured and unmeasured[-1].moment > _newest(passing).evidence.ended):
        newest = _newest(passing)
        ruling = next(ruling for entry, ruling in passing if entry is newest)
        found = GateStanding(ruling.verdict, fresh=True, reason=ruling.reason, newest=newest, ruling=ruling)
    elif unmeasured:
        found = GateStanding(
            Verdict.ERROR, fresh=True, reason=unmeasured[-1].reason, newest=unmeasured[-1].entry
        )
        unmeasured = unmeasured[:-1]
    else:
        return None
    before = (f"before that it could not be measured: {one.reason}" for one in unmeasured)
    return replace(_as_stated(found), cautions=(*dict.fromkeys(before), *_under_way(entries)))


def _newest(pairs: Iterable[tuple[Opened, Ruling]]) -> Opened:
    return max((entry for entry, _ in pairs), key=lambda entry: (entry.evidence.ended, entry.digest))


def _failed(passing: list[tuple[Opened, Ruling]], failing: list[tuple[Opened, Ruling]]) -> GateStanding:
    """The worst of several; the newest of those that break as many limits."""
    worst, ruling = max(failing, key=lambda pair: (_broken(pair[1]), pair[0].evidence.ended, pair[0].digest))
    reason = ruling.reason
    if passing:
        count = len(passing) + len(failing)
        same = len({tuple(sorted(entry.evidence.subjects.items())) for entry, _ in (*passing, *failing)}) == 1
        what = "the same bytes" if same else "what the same ingredients gave"
        reason = f"FLAKY: {count} measurements of {what} disagree; the worst: {reason}"
    return GateStanding(ruling.verdict, fresh=True, reason=reason, newest=worst, ruling=ruling)


def _broken(ruling: Ruling) -> tuple[bool, int]:
    """How many limits do not hold; a figure that was measured is worse than one that nobody recorded."""
    return ruling.verdict == Verdict.FAIL, sum(not entry.holds for entry in ruling.judgements)


def _as_stated(found: GateStanding) -> GateStanding:
    """With a word where the statement's own verdict is another one."""
    if found.newest is None or found.ruling is None or found.newest.evidence.verdict == found.verdict:
        return found
    reason = f"stated {found.newest.evidence.verdict}, judged {found.verdict}: {found.reason}"
    return replace(found, reason=reason)


def _errors(entries: Iterable[Opened]) -> Iterator[_Unmeasured]:
    for entry in entries:
        if entry.evidence.measurement is None:
            yield _Unmeasured(entry.evidence.ended, entry.evidence.reason, entry)


def _unfinished(today: Today, entries: GateEntries) -> Iterator[_Unmeasured]:
    """Attempts of today's key whose judge was interrupted."""
    for entry, mark in entries.unfinished:
        if mark == Mark.INTERRUPTED and _same_key(entry.record, today):
            yield _Unmeasured(entry.record.started, entry.record.left_open, None)


def _under_way(entries: GateEntries) -> Iterator[str]:
    for entry, mark in entries.unfinished:
        if mark == Mark.UNDER_WAY:
            yield f"it is being measured since {entry.record.started:%H:%M} UTC"
