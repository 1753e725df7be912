"""Which gates are armed: records of evidence against the gates, probes and faults of today.

What a record is worth follows from its signer. A release believes the project's `trusted_keys`; a rehearsal
also believes the keys that `evidence/arming/keys.txt` lists, and this checkout's own. Whoever can commit can
add a key there: the signature shows which machine saw the gates fail, not that it was honest.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

from specship.errors import DamagedArtifact, SpecshipError, UnusableInput
from specship.evidence.arming import (
    NAMES_NO_FAULT,
    NEVER_SEEN,
    LimitsSeen,
    OpenedArming,
    limits_seen,
    read_armings,
)
from specship.evidence.signing import check_public_key
from specship.faults.catalogue import fault_code, file_of
from specship.specs.project import Project
from specship.suite.judging.trust import trusted_keys
from specship.suite.plan.fault_injection import falsification_plan
from specship.suite.plan.plan import Check, Plan

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
        return trusted_keys(self.project, release=True)

    @cached_property
    def believed(self) -> frozenset[bytes]:
        """Keys that a rehearsal believes."""
        return trusted_keys(self.project, release=False) | arming_keys(self.project)

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

    def limits_seen(self, check: Check, plan: Plan) -> LimitsSeen:
        """Which limits of a gate were seen to fail at the profile of a plan, and whether that arms it."""
        if check.probe is None:
            return LimitsSeen(unarmed="it has no probe")
        counted = self.trusted if plan.profile.kind == "release" else self.believed
        own = self.by_gate.get(check.gate.id, ())
        signed = [entry for entry in own if entry.signers & counted]
        if own and not signed:
            return LimitsSeen(unarmed="no key that counts at this profile signed its arming")
        if not signed:
            return LimitsSeen(unarmed=NEVER_SEEN if check.gate.faults else NAMES_NO_FAULT)
        digests = {plan.profile.profile: check.gate_digest}
        if check.gate.id in self._seen_at:
            digests[self._profile] = self._seen_at[check.gate.id].gate_digest
        codes = {fault: self.code(fault) for fault in check.gate.faults}
        return limits_seen(check.gate, digests, codes, signed, profile=plan.profile.profile)
