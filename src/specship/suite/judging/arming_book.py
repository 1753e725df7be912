"""Which gates are armed: records of evidence against the gates, probes and faults of today.

What a record is worth follows from its signer. A release believes those of the project's `trusted_keys`
whose purpose is arming; a rehearsal also believes the keys that `evidence/arming/keys.txt` lists, and this
checkout's own. Whoever can commit can add a key there: the signature shows which machine saw the gates fail,
not that it was honest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from specship.errors import DamagedArtifact, SpecshipError
from specship.evidence.arming import (
    NAMES_NO_FAULT,
    NEVER_SEEN,
    LimitsSeen,
    OpenedArming,
    limits_seen,
    read_armings,
)
from specship.evidence.keys.keyring import KeyRing
from specship.faults.catalogue import fault_code, file_of
from specship.specs.project import Project
from specship.suite.judging.trust import Trust
from specship.suite.plan.fault_injection import falsification_plan
from specship.suite.plan.plan import Check, Plan


def believed(
    records: Iterable[OpenedArming], ring: KeyRing, *, release: bool
) -> tuple[list[OpenedArming], str]:
    """The records that a key which counts has signed, and in words why the rest is not believed."""
    signed, refused = [], ""
    for entry in records:
        reason = ring.why_not(
            entry.signers, "arming", at=entry.arming.ended, name=f"arming/{entry.path.name}", release=release
        )
        if reason:
            refused = f"no key that counts at this profile signed its arming: {reason}"
        else:
            signed.append(entry)
    return signed, refused


class ArmingBook:
    """What the records of a project say of its gates today."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._codes: dict[str, str] = {}
        self._trust = Trust(project)

    @property
    def ring(self) -> KeyRing:
        """Whose signature counts."""
        return self._trust.ring

    @cached_property
    def _read(self) -> tuple[tuple[OpenedArming, ...], tuple[DamagedArtifact, ...]]:
        return read_armings(self.project.arming_folder, keys=self.ring.known)

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
        own = self.by_gate.get(check.gate.id, ())
        signed, unsigned = believed(own, self.ring, release=plan.profile.kind == "release")
        if unsigned and not signed:
            return LimitsSeen(unarmed=unsigned)
        if not signed:
            return LimitsSeen(unarmed=NEVER_SEEN if check.gate.faults else NAMES_NO_FAULT)
        digests = {plan.profile.profile: check.gate_digest}
        if check.gate.id in self._seen_at:
            digests[self._profile] = self._seen_at[check.gate.id].gate_digest
        codes = {fault: self.code(fault) for fault in check.gate.faults}
        return limits_seen(check.gate, digests, codes, signed, profile=plan.profile.profile)
