"""What waivers amount to today: which failure each is about, and whether it is in force.

Nothing here touches a verdict, a status or a percentage.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

from specship.digests import digest_of
from specship.specs.waivers import WaiverFile
from specship.status.report import GateReport, Measured, ModelReport, WaiverReport, WaiverState

_DIGITS: Final = 12


def fingerprint(gate: str, profile: str, verdict: str, measured: Iterable[Measured]) -> str:
    """A failure in a few letters: the gate, the scale, the verdict, and each limit that does not hold.

    What was measured is not in it, so that the next measurement of the same failure has the same one; another
    limit, or another quantity that fails too, has another.
    """
    broken = sorted([entry.quantity, entry.limit] for entry in measured if not entry.holds)
    return f"fails-{digest_of([gate, profile, verdict, broken])[:_DIGITS]}"


def waiver_reports(
    waivers: Iterable[WaiverFile], models: Iterable[ModelReport], *, today: date | None = None
) -> tuple[WaiverReport, ...]:
    """Every waiver with its state, those in force first."""
    day = today or datetime.now(UTC).date()
    gates = [
        (model.profile, gate) for model in models for criterion in model.criteria for gate in criterion.gates
    ]
    found = [_report(file, gates, day) for file in waivers]
    return tuple(sorted(found, key=lambda entry: (entry.state != "in force", entry.gate, entry.path)))


def _report(file: WaiverFile, gates: list[tuple[str, GateReport]], day: date) -> WaiverReport:
    waiver = file.waiver
    own = [(profile, gate) for profile, gate in gates if gate.id == waiver.gate]
    fails = {gate.fingerprint: profile for profile, gate in own if gate.fingerprint}
    return WaiverReport(
        gate=waiver.gate,
        fingerprint=waiver.fingerprint,
        profile=fails.get(waiver.fingerprint),
        state=_state(file, fails.keys(), day, passes=any(g.fresh and g.verdict == "PASS" for _, g in own)),
        owner=waiver.owner,
        reason=waiver.reason,
        issue=waiver.issue,
        expires=waiver.expires,
        days_left=max((waiver.last_day - day).days, 0),
        path=file.path,
        line=file.document.place("gate").line or 1,
    )


def _state(file: WaiverFile, fails: Iterable[str], day: date, *, passes: bool) -> WaiverState:
    waiver = file.waiver
    if waiver.expired(day):
        return "expired"
    if waiver.too_long(day):
        return "too broad"
    if waiver.fingerprint in fails:
        return "in force"
    return "unused" if passes or any(fails) else "waiting"
