"""The ship-% of both sides, and of head's evidence under base's criteria: from committed evidence alone.

No artifact is at hand where two revisions are compared. The bytes that a model stands for are taken to be
those that the newest statement of a side names, as a fresh clone would have to take them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

from specship.contracts.digest import gate_digest
from specship.contracts.reader import ContractFile
from specship.contracts.records import Gate
from specship.errors import DamagedArtifact
from specship.evidence.arming import NAMES_NO_FAULT, LimitsSeen, OpenedArming, limits_seen, read_armings
from specship.evidence.ledger import Ledger, gathered, open_statement
from specship.evidence.statement import Opened
from specship.review.code.comparing import CodeReview
from specship.review.code.identities import Identities
from specship.review.pairing import Pairing
from specship.review.percents import evidence_of, joined
from specship.review.records import ShipPercent
from specship.review.sides import Contracts, ProjectSide
from specship.specs.in_force import effective, profile_digest
from specship.specs.project import Project
from specship.specs.records import FALSIFICATION, Profile
from specship.status.assess import JudgedGates, assess
from specship.status.freshness import Today
from specship.status.report import ModelReport
from specship.suite.judging.arming_book import arming_keys
from specship.suite.judging.trust import trusted_keys
from specship.suite.plan.fault_injection import falsification_profile

_ARMING: Final = "evidence/arming"


class _Known:
    """What was worked out for one side, for the other one where it is the same there."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.statements: dict[str, Opened | DamagedArtifact] = {}
        """By git's id of the file."""
        self.judged: dict[tuple[str, str], JudgedGates] = {}
        """Of each model at each profile."""
        self._digests: dict[tuple[str, str], list[tuple[Gate, str]]] = {}

    def digest(self, gate: Gate, probe_code: str) -> str:
        """Digest of a gate; a contract that both sides have is read once, so that its gates are the same."""
        own = self._digests.setdefault((gate.id, probe_code), [])
        for known, digest in own:
            if known is gate:  # `equals: 1` equals `equals: true`, and its digest does not
                return digest
        own.append((gate, gate_digest(gate, probe_code=probe_code)))
        return own[-1][1]


class Holdings:
    """What one side asks for and what it holds, each for itself."""

    def __init__(
        self,
        side: ProjectSide,
        contracts: Mapping[str, ContractFile],
        identities: Identities,
        folder: Path,
        known: _Known,
    ) -> None:
        """`contracts` are all of the side's; `folder` is a private one; `known` is of both sides."""
        self._side, self._contracts, self._identities = side, contracts, identities
        self._top = folder
        self._known = known
        self.ledger: Ledger = Ledger((), (), ())

    @cached_property
    def project(self) -> Project | None:
        """For readers of keys, with no contracts; None without specship."""
        side = self._side
        if side.spec is None or side.configuration is None:
            return None
        home = side.inside(_ARMING)
        paths = [f"{home}/{name}" for name in side.tree.names(home)]
        for path, data in side.tree.read(paths).items():
            place = self._top / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        return Project(self._top / side.place, side.configuration, (), side.spec)

    @cached_property
    def trusted(self) -> frozenset[bytes]:
        """Keys that may sign evidence; no revision has a key of its own checkout."""
        return trusted_keys(self.project, release=True) if self.project else frozenset()

    @cached_property
    def believed(self) -> frozenset[bytes]:
        """Keys whose arming a rehearsal believes."""
        return self.trusted | (arming_keys(self.project) if self.project else frozenset())

    def read(self, paths: Mapping[str, str], keys: frozenset[bytes]) -> None:
        """Take in the statements, by path and id."""
        opened = self._known.statements
        missing = [path for path, oid in paths.items() if not oid or oid not in opened]
        for path, data in self._side.tree.read(missing).items():
            try:
                opened[paths[path] or path] = open_statement(Path(path), data, keys=keys)
            except DamagedArtifact as error:
                opened[paths[path] or path] = error
        found = [opened[oid or path] for path, oid in paths.items()]
        self.ledger = gathered(
            (one for one in found if isinstance(one, Opened)),
            (one for one in found if isinstance(one, DamagedArtifact)),
        )

    def armings(self, keys: frozenset[bytes]) -> Mapping[str, list[OpenedArming]]:
        """The records of each gate that this side has committed."""
        found: dict[str, list[OpenedArming]] = {}
        for entry in read_armings(self.project.arming_folder, keys=keys)[0] if self.project else ():
            found.setdefault(entry.arming.gate, []).append(entry)
        return found

    @cached_property
    def newest(self) -> Mapping[tuple[str, str, str], str]:
        """Digest of each artifact of a model at a profile, by the newest statement with a known signer."""
        found: dict[tuple[str, str, str], str] = {}
        for entry in reversed(self.ledger.statements):
            own = {
                (entry.evidence.model, entry.evidence.profile, artifact): digest
                for artifact, digest in entry.evidence.subjects.items()
            }
            if not own.keys() <= found.keys() and entry.signers:
                found = own | found
        return found

    def percents(self, holder: Holdings) -> dict[tuple[str, str], float]:
        """The ship-% of each model at each profile, if what `holder` has committed were all there is."""
        return {key: report.ship_percent for key, report in self.reports(holder).items()}

    def reports(self, holder: Holdings, trust: Holdings | None = None) -> dict[tuple[str, str], ModelReport]:
        """Each model at each profile here, if what `holder` has committed were all the evidence.

        `trust` is the side that says whose signature counts; this one where none is given.
        """
        if self._side.spec is None:
            return {}
        found = {}
        trust = trust or self
        armings = holder.armings(trust.believed)
        for profile in self._side.spec.profiles.values():
            if profile.kind == FALSIFICATION:
                continue
            gates = list(self._gates(profile, holder, armings, trust)) if holder.ledger.statements else []
            for model in self._side.spec.spec.models:
                judged = self._known.judged.setdefault((model.id, profile.profile), {})
                report = assess(model, profile, gates, holder.ledger, now=self._known.now, judged=judged)
                found[model.id, profile.profile] = report
        return found

    def _gates(
        self, profile: Profile, holder: Holdings, armings: Mapping[str, list[OpenedArming]], trust: Holdings
    ) -> Iterator[Today]:
        models = (
            {c.id: m.id for m in self._side.spec.spec.models for c in m.criteria} if self._side.spec else {}
        )
        days = profile.oldest_evidence_days
        digests = {model: profile_digest(profile, model) for model in set(models.values())}
        for file in self._contracts.values():
            for written in file.contract.gates:
                model = next((models[name] for name in written.binds_to if name in models), None)
                if model is None:
                    continue
                gate = effective(written, profile.overrides.get(written.id))
                artifacts = self._identities.artifacts(gate.probe) if gate.probe else ()
                seen = self._limits_seen(written, gate, profile, armings.get(written.id, []), trust)
                yield Today(
                    gate=gate,
                    contract=file.path,
                    model=model,
                    profile=profile.profile,
                    gate_digest=self._digest(gate),
                    profile_digest=digests[model],
                    subjects={name: holder.newest.get((model, profile.profile, name)) for name in artifacts},
                    release=profile.kind == "release",
                    trusted=trust.trusted,
                    oldest=timedelta(days=days) if days else None,
                    unarmed=seen.unarmed,
                    seen=seen.seen,
                )

    def _digest(self, gate: Gate) -> str:
        return self._known.digest(gate, self._identities.probe(gate.probe) if gate.probe else "")

    @cached_property
    def _seen_at(self) -> str:
        """The profile at which gates are seen to fail; empty where the one that is asked for is not there."""
        project = self.project
        if project is None or project.configuration.profile not in project.spec.profiles:
            return ""
        return falsification_profile(project)

    def _limits_seen(
        self, written: Gate, gate: Gate, profile: Profile, records: list[OpenedArming], trust: Holdings
    ) -> LimitsSeen:
        """As `ArmingBook.limits_seen`, of a revision instead of the files on the disk."""
        counted = trust.trusted if profile.kind == "release" else trust.believed
        signed = [entry for entry in records if entry.signers & counted]
        if not signed:
            why = "it was never seen to fail by a key that counts" if gate.faults else NAMES_NO_FAULT
            return LimitsSeen(unarmed=why)
        digests = {profile.profile: self._digest(gate)}
        if self._seen_at and self._side.spec:
            there = self._side.spec.profiles[self._seen_at].overrides.get(written.id)
            digests[self._seen_at] = self._digest(effective(written, there))
        codes = {fault: self._identities.fault(fault) for fault in gate.faults}
        return limits_seen(gate, digests, codes, signed, profile=profile.profile)


def percents(
    base: ProjectSide,
    head: ProjectSide,
    code: CodeReview,
    contracts: Contracts,
    models: Pairing,
    profiles: Pairing,
) -> tuple[ShipPercent, ...]:
    """Both sides, and head's evidence under base's criteria: a line for each model at each profile."""
    one, other = holdings_of(base, head, code, contracts)
    return joined(one.percents(one), other.percents(other), one.percents(other), models, profiles)


def holdings_of(
    base: ProjectSide, head: ProjectSide, code: CodeReview, contracts: Contracts
) -> tuple[Holdings, Holdings]:
    """What both sides ask for and hold, every statement opened once."""
    known = _Known()
    one, other = (
        Holdings(side, contracts.of(side, side.contracts), Identities(own), folder, known)
        for side, own, folder in (
            (base, code.base, base.tree.repository.private("standing-base")),
            (head, code.head, head.tree.repository.private("standing-head")),
        )
    )
    for standing, side in ((one, base), (other, head)):
        standing.read(evidence_of(side), one.believed | other.believed)
    return one, other
