"""Writing down which gates were seen to fail on each of their faults, signed with this checkout's key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from specship.evidence.arming import Arming, FaultSeen, SeenFailing, what_holds, write_arming
from specship.evidence.environment import environment
from specship.evidence.keys.keyring import KEYS, arming_keys
from specship.evidence.signing import SigningKey, local_key, local_public_key
from specship.files import write_file
from specship.specs.project import Project
from specship.suite.falsify.records import Catch, PairReport
from specship.suite.judging.arming_book import ArmingBook
from specship.suite.plan.fault_injection import falsification_plan
from specship.suite.plan.plan import Check, Plan, plan_at


@dataclass(frozen=True, slots=True)
class Armed:
    """What arming wrote, and for which gates it could not."""

    written: tuple[Path, ...]
    kept: tuple[str, ...]
    """Gates whose records say it already."""
    refused: Mapping[str, str]
    """Gates that were not seen to fail on each of their faults, with the first reason."""


def arm(project: Project, reports: Iterable[PairReport], key: SigningKey | None = None) -> Armed:
    """Write down which gates were seen to fail on each of their faults.

    Signed with this checkout's key, which a rehearsal believes, or with one that a release believes.

    Raises:
        CannotWrite: the disk is full or refuses.
        UnusableInput: this checkout's key cannot be used.
    """
    by_gate: dict[str, list[PairReport]] = {}
    for report in reports:
        by_gate.setdefault(report.gate, []).append(report)
    book, seen = ArmingBook(project), falsification_plan(project)
    plans = [plan_at(project, name) for name in project.spec.profiles]
    written, kept, refused = [], [], {}
    for check in seen.checks:
        own = by_gate.get(check.gate.id, [])
        if check.probe is None:
            continue
        if bad := [pair for pair in own if pair.catch != Catch.CAUGHT]:
            refused[check.gate.id] = f"{bad[0].fault}: {bad[0].catch}: {bad[0].reason}"
            continue
        if not own:
            refused[check.gate.id] = "it names no fault"
            continue
        known = book.limits_seen(check, seen)
        signed = key is None or any(key.public in one.signers for one in book.by_gate.get(check.gate.id, ()))
        if known.seen and signed:
            kept.append(check.gate.id)
        else:
            record = _record(book, check, seen, plans, own)
            written.append(write_arming(project.arming_folder, record, key or local_key(project.state)))
        if never := check.gate.unpredicted:
            refused[check.gate.id] = f"nobody has seen {', '.join(never)} fail"
    if written and key is None:
        list_own_key(project)
    return Armed(tuple(written), tuple(kept), refused)


def _record(
    book: ArmingBook, check: Check, seen: Plan, plans: Iterable[Plan], pairs: Iterable[PairReport]
) -> Arming:
    """The record of one gate; it vouches for every profile whose limits the faulty measurements break."""
    faults = {
        pair.fault: FaultSeen(
            code=book.code(pair.fault),
            fails=tuple(
                SeenFailing(**m.model_dump(include=set(SeenFailing.model_fields)))
                for m in pair.measured
                if m.quantity in pair.predicted
            ),
            evidence=pair.evidence or "",
        )
        for pair in pairs
    }
    gates = {seen.profile.profile: check.gate_digest}
    for plan in plans:
        other = next(entry for entry in plan.checks if entry.gate.id == check.gate.id)
        if not what_holds(other.gate, faults):
            gates[plan.profile.profile] = other.gate_digest
    return Arming(
        gate=check.gate.id,
        contract=check.file.path,
        profile=seen.profile.profile,
        gates=gates,
        faults=faults,
        environment=environment(book.project.root),
        ended=datetime.now(UTC),
    )


def list_own_key(project: Project) -> None:
    """List this checkout's key among those whose records of seen gates a rehearsal believes.

    Raises:
        CannotWrite: the disk is full or refuses.
        UnusableInput: a line of the list is no public key.
    """
    own = local_public_key(project.state)
    if own is None or own in arming_keys(project.arming_folder):
        return
    path = project.arming_folder / KEYS
    text = path.read_text(encoding="utf-8") if path.is_file() else _HEADER
    write_file(path, f"{text.rstrip()}\n{own.hex()}\n")


_HEADER: Final = """\
# Public keys of machines on which gates were seen to fail, one a line; `specship faults --arm` adds its own.
# A rehearsal believes records that one of them signed; a release believes none of them, and of the
# trusted keys in pyproject.toml those whose purpose is arming.
"""
