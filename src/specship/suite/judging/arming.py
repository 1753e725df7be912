"""Which gates are armed: records of evidence against the gates, probes and faults of today.

What a record is worth follows from its signer. A release believes the project's `trusted_keys`; a rehearsal
also believes the keys that `evidence/arming/keys.txt` lists, and this checkout's own. Whoever can commit can
add a key there: the signature shows which machine saw the gates fail, not that it was honest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Final

from specship.contracts.expectation import Expectation
from specship.errors import DamagedArtifact, SpecshipError, UnusableInput
from specship.evidence.arming import (
    NAMES_NO_FAULT,
    Arming,
    FaultSeen,
    OpenedArming,
    SeenFailing,
    read_armings,
    why_unarmed,
    write_arming,
)
from specship.evidence.environment import environment
from specship.evidence.signing import check_public_key, local_key, local_public_key
from specship.faults.catalogue import fault_code, file_of
from specship.files import write_file
from specship.specs.project import Project
from specship.status.report import Measured
from specship.suite.falsify.records import Catch, PairReport
from specship.suite.plan.fault_injection import falsification_plan
from specship.suite.plan.plan import Check, Plan, plan_at
from specship.units import Quantity

KEYS: Final = "keys.txt"
_LONGEST_KEYS: Final = 1 << 16


def arming_keys(project: Project) -> frozenset[bytes]:
    """Public keys whose records a rehearsal believes beside the project's trusted ones.

    Raises:
        UnusableInput: a line of the list is no public key.
    """
    path = project.arming_folder / KEYS
    if not path.is_file() or path.stat().st_size > _LONGEST_KEYS:
        return frozenset()
    found = set()
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if text := line.partition("#")[0].strip():
            try:
                found.add(check_public_key(bytes.fromhex(text)))
            except ValueError as error:
                raise UnusableInput(
                    f"line {number} is no public key: {text!r}", at=path,
                    mend="one key of 64 hexadecimal digits a line",
                ) from error  # fmt: skip
    return frozenset(found)


class ArmingBook:
    """What the records of a project say of its gates today."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._codes: dict[str, str] = {}

    @cached_property
    def trusted(self) -> frozenset[bytes]:
        """Keys that a release believes."""
        return frozenset(
            check_public_key(bytes.fromhex(key)) for key in self.project.configuration.trusted_keys
        )

    @cached_property
    def believed(self) -> frozenset[bytes]:
        """Keys that a rehearsal believes."""
        own = local_public_key(self.project.state)
        return self.trusted | arming_keys(self.project) | ({own} if own else frozenset())

    @cached_property
    def _read(self) -> tuple[tuple[OpenedArming, ...], tuple[DamagedArtifact, ...]]:
        return read_armings(self.project.arming_folder, keys=self.believed)

    @property
    def damaged(self) -> tuple[DamagedArtifact, ...]:
        """Files that are no records."""
        return self._read[1]

    @cached_property
    def by_gate(self) -> Mapping[str, tuple[OpenedArming, ...]]:
        """The records of each gate."""
        found: dict[str, list[OpenedArming]] = {}
        for entry in self._read[0]:
            found.setdefault(entry.arming.gate, []).append(entry)
        return {gate: tuple(entries) for gate, entries in found.items()}

    @cached_property
    def _seen_at(self) -> Mapping[str, Check]:
        """Each gate at the profile of falsification."""
        return {check.gate.id: check for check in falsification_plan(self.project).checks}

    @cached_property
    def _profile(self) -> str:
        return falsification_plan(self.project).profile.profile

    def code(self, fault: str) -> str:
        """Digest of a fault's file; empty where there is none."""
        if fault not in self._codes:
            try:
                self._codes[fault] = fault_code(file_of(fault, self.project.fault_folder))
            except SpecshipError:
                self._codes[fault] = ""
        return self._codes[fault]

    def why_unarmed(self, check: Check, plan: Plan) -> str:
        """Why a gate is not armed at the profile of a plan; empty when it is."""
        if check.probe is None:
            return "it has no probe"
        counted = self.trusted if plan.profile.kind == "release" else self.believed
        own = self.by_gate.get(check.gate.id, ())
        signed = [entry for entry in own if entry.signers & counted]
        if own and not signed:
            return "no key that counts at this profile signed its arming"
        if not signed:
            return "it was never seen to fail" if check.gate.faults else NAMES_NO_FAULT
        digests = {plan.profile.profile: check.gate_digest}
        if check.gate.id in self._seen_at:
            digests[self._profile] = self._seen_at[check.gate.id].gate_digest
        codes = {fault: self.code(fault) for fault in check.gate.faults}
        return why_unarmed(check.gate.faults, digests, codes, signed, profile=plan.profile.profile)


@dataclass(frozen=True, slots=True)
class Armed:
    """What arming wrote, and for which gates it could not."""

    written: tuple[Path, ...]
    kept: tuple[str, ...]
    """Gates whose records say it already."""
    refused: Mapping[str, str]
    """Gates that were not seen to fail on each of their faults, with the first reason."""


def arm(project: Project, reports: Iterable[PairReport]) -> Armed:
    """Write down which gates were seen to fail on each of their faults.

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
        elif not own:
            refused[check.gate.id] = "it names no fault"
        elif book.why_unarmed(check, seen):
            record = _record(book, check, seen, plans, own)
            written.append(write_arming(project.arming_folder, record, local_key(project.state)))
        else:
            kept.append(check.gate.id)
    if written:
        _list_own_key(project)
    return Armed(tuple(written), tuple(kept), refused)


def _record(
    book: ArmingBook, check: Check, seen: Plan, plans: Iterable[Plan], pairs: Iterable[PairReport]
) -> Arming:
    """The record of one gate; it vouches for every profile whose limits the faulty measurements break."""
    faults = {
        pair.fault: FaultSeen(
            code=book.code(pair.fault),
            fails=tuple(
                SeenFailing(quantity=m.quantity, value=m.value, unit=m.unit, limit=m.limit)
                for m in pair.measured
                if m.quantity in pair.predicted
            ),
            evidence=pair.evidence or "",
        )
        for pair in pairs
    }
    predicted = [m for pair in pairs for m in pair.measured if m.quantity in pair.predicted]
    gates = {seen.profile.profile: check.gate_digest}
    for plan in plans:
        other = next(entry for entry in plan.checks if entry.gate.id == check.gate.id)
        if all(_breaks(m, other.gate.expect.get(m.quantity)) for m in predicted):
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


def _breaks(measured: Measured, limit: Expectation | None) -> bool:
    """Whether a profile has a limit on the quantity that the faulty value does not meet either."""
    return limit is not None and not limit.holds(Quantity(measured.value, measured.unit))


def _list_own_key(project: Project) -> None:
    own = local_public_key(project.state)
    if own is None or own in arming_keys(project):
        return
    path = project.arming_folder / KEYS
    text = path.read_text(encoding="utf-8") if path.is_file() else _HEADER
    write_file(path, f"{text.rstrip()}\n{own.hex()}\n")


_HEADER: Final = """\
# Public keys of machines on which gates were seen to fail, one a line; `specship faults --arm` adds its own.
# A rehearsal believes records that one of them signed; a release believes `trusted_keys` in pyproject.toml.
"""
