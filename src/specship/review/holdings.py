"""The ship-% of both sides, and of head's evidence under base's criteria: from committed evidence alone.

No artifact is at hand where two revisions are compared. The bytes that a model stands for are those that
signed stage statements name for a side's settings, code and files, as in a fresh clone.
"""

from __future__ import annotations

import functools
import itertools
import posixpath
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from specship.contracts.digest import gate_digest
from specship.contracts.reader import ContractFile
from specship.contracts.records import Gate
from specship.errors import DamagedArtifact
from specship.evidence.arming import NAMES_NO_FAULT, LimitsSeen, OpenedArming, limits_seen, read_armings
from specship.evidence.keys.keyring import KEYS, NOBODY, KeyRing
from specship.evidence.ledger import AnyEntry, Ledger, gathered, open_entry
from specship.pipeline.registry import module_of
from specship.review.code.comparing import CodeReview
from specship.review.code.identities import Identities
from specship.review.pairing import Pairing
from specship.review.percents import evidence_of, joined
from specship.review.records import ShipPercent
from specship.review.sides import Contracts, ProjectSide
from specship.specs.in_force import effective
from specship.specs.project import Project
from specship.specs.records import FALSIFICATION, Profile
from specship.status.assess import JudgedGates, assess
from specship.status.freshness import Today
from specship.status.report import ModelReport
from specship.suite.judging.arming_book import believed
from specship.suite.judging.judging_code import judged_by
from specship.suite.judging.today import known_keys, vouches
from specship.suite.judging.todays_artifacts import TodaysArtifacts
from specship.suite.judging.trust import key_ring
from specship.suite.plan.fault_injection import falsification_profile
from specship.suite.plan.upstream import profile_digest

_ARMING: Final = "evidence/arming"
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


def _evidence_names(side: ProjectSide) -> Iterator[str]:
    yield from (posixpath.basename(path) for path in evidence_of(side))
    if side.configuration:
        yield from (f"arming/{name}" for name in side.tree.names(side.inside(_ARMING)))


class _Known:
    """What was worked out for one side, for the other one where it is the same there."""

    def __init__(self, base: ProjectSide) -> None:
        self.now = datetime.now(UTC)
        self.on_base: frozenset[str] = frozenset(_evidence_names(base))
        """Files of base's evidence folder, by their names in it."""
        self.statements: dict[str, AnyEntry | DamagedArtifact] = {}
        """By git's id of the file and its name: the name promises the bytes, and others are damage."""
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
        self._outside: set[str] = set()
        """Paths of settings whose files were laid out."""

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
    def ring(self) -> KeyRing:
        """Whose signature counts; no revision has a key of its own checkout."""
        return key_ring(self.project, first_seen=self._seen) if self.project else NOBODY

    def _seen(self, name: str) -> datetime | None:
        """What lies on base was weighed when it was merged; what does not is seen now for the first time."""
        return _LONG_AGO if name in self._known.on_base else None

    def read(self, paths: Mapping[str, str], keys: frozenset[bytes]) -> None:
        """Take in the statements, by path and id."""
        opened = self._known.statements
        asked = {path: f"{oid} {posixpath.basename(path)}" for path, oid in paths.items()}
        missing = [path for path, key in asked.items() if key not in opened]
        packed = self._side.packed
        for path in missing:
            if path in packed.damaged:
                opened[asked[path]] = packed.damaged[path][1]
        of_packs = {path: packed.files[path] for path in missing if path in packed.files}
        places = {path: self._side.tree.shown(file.pack) for path, file in of_packs.items()}
        files = self._side.tree.read(path for path in missing if path not in packed.damaged)
        for path, data in {**{path: file.data for path, file in of_packs.items()}, **files}.items():
            at = "" if path in files else f"{posixpath.basename(path)} in {places[path]}"
            try:
                opened[asked[path]] = open_entry(Path(path), data, keys=keys, at=at)
            except DamagedArtifact as error:
                opened[asked[path]] = error
        found = [opened[key] for key in asked.values()]
        self.ledger = gathered(
            (one for one in found if not isinstance(one, DamagedArtifact)),
            (one for one in found if isinstance(one, DamagedArtifact)),
        )

    def armings(self, keys: frozenset[bytes]) -> Mapping[str, list[OpenedArming]]:
        """The records of each gate that this side has committed."""
        found: dict[str, list[OpenedArming]] = {}
        for entry in read_armings(self.project.arming_folder, keys=keys)[0] if self.project else ():
            found.setdefault(entry.arming.gate, []).append(entry)
        return found

    def percents(self, holder: Holdings) -> dict[tuple[str, str], float]:
        """The ship-% of each model at each profile, if what `holder` has committed were all there is."""
        return {key: report.ship_percent for key, report in self.reports(holder).items()}

    def reports(self, holder: Holdings, trust: KeyRing | None = None) -> dict[tuple[str, str], ModelReport]:
        """Each model at each profile here, if what `holder` has committed were all the evidence.

        `trust` says whose signature counts; this side's keys do where none is given.
        """
        if self._side.spec is None:
            return {}
        found = {}
        trust = self.ring if trust is None else trust
        armings = holder.armings(trust.known)
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
        self, profile: Profile, holder: Holdings, armings: Mapping[str, list[OpenedArming]], trust: KeyRing
    ) -> Iterator[Today]:
        artifacts = self._artifacts(profile, holder, trust)
        models = (
            {c.id: m.id for m in self._side.spec.spec.models for c in m.criteria} if self._side.spec else {}
        )
        days = profile.oldest_evidence_days
        digest_of_settings = functools.cache(functools.partial(profile_digest, profile))
        for file in self._contracts.values():
            for written in file.contract.gates:
                model = next((models[name] for name in written.binds_to if name in models), None)
                if model is None:
                    continue
                gate = effective(written, profile.overrides.get(written.id))
                names = self._identities.artifacts(gate.probe) if gate.probe else ()
                found = {name: artifacts.of(model, name) for name in names}
                seen = self._limits_seen(written, gate, profile, armings.get(written.id, []), trust)
                yield Today(
                    gate=gate,
                    contract=file.path,
                    model=model,
                    profile=profile.profile,
                    gate_digest=self._digest(gate),
                    profile_digest=digest_of_settings(model, names),
                    subjects={name: one.digest if one else None for name, one in found.items()},
                    unknown={
                        name: artifacts.why_unknown(model, name) for name, one in found.items() if not one
                    },
                    ingredients=known_keys(found),
                    release=profile.kind == "release",
                    ring=trust,
                    oldest=timedelta(days=days) if days else None,
                    judging_code=judged_by().code,
                    unarmed=seen.unarmed,
                    seen=seen.seen,
                )

    def _artifacts(self, profile: Profile, holder: Holdings, trust: KeyRing) -> TodaysArtifacts:
        """The bytes that this side's settings, code and files stand for, as `holder` has them signed."""
        release = profile.kind == "release"
        return TodaysArtifacts(
            profile,
            holder.ledger,
            counts=lambda entry: vouches(entry, trust, release=release, now=self._known.now),
            root=self._laid_out,
            code=lambda stage: stage.code or self._identities.stage(module_of(stage)),
        )

    def _laid_out(self, settings: Mapping[str, Any]) -> Path:
        """A private folder with those files of this side that some settings name."""
        home = self._top / "outside"
        for path in {_without_pattern(text) for text in _texts(settings)} - self._outside:
            self._outside.add(path)
            files = [*self._side.own_folder(path), self._side.inside(path)]
            for at, data in self._side.tree.read(files).items():
                place = home / at
                if place.resolve().is_relative_to(home.resolve()):
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(data)
        return home / self._side.place

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
        self, written: Gate, gate: Gate, profile: Profile, records: list[OpenedArming], trust: KeyRing
    ) -> LimitsSeen:
        """As `ArmingBook.limits_seen`, of a revision instead of the files on the disk."""
        signed, unsigned = believed(records, trust, release=profile.kind == "release")
        if not signed and gate.faults:
            return LimitsSeen(unarmed=unsigned or "it was never seen to fail by a key that counts")
        if not signed:
            return LimitsSeen(unarmed=NAMES_NO_FAULT)
        digests = {profile.profile: self._digest(gate)}
        if self._seen_at and self._side.spec:
            there = self._side.spec.profiles[self._seen_at].overrides.get(written.id)
            digests[self._seen_at] = self._digest(effective(written, there))
        codes = {fault: self._identities.fault(fault) for fault in gate.faults}
        return limits_seen(gate, digests, codes, signed, profile=profile.profile)


def _without_pattern(path: str) -> str:
    """The folder in which a pattern such as `configs/*.yaml` begins."""
    parts = path.split("/")
    fixed = list(itertools.takewhile(lambda part: not set("*?[") & set(part), parts))
    return path if fixed == parts else "/".join(fixed) or "."


def _texts(value: Any) -> Iterator[str]:
    """Every text in some settings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)


def refused_keys(side: ProjectSide) -> Iterator[str]:
    """Trusted keys of a revision that no release believes, each in words."""
    data = next(iter(side.tree.read([side.inside(f"{_ARMING}/{KEYS}")]).values()), b"")
    listed = {line.partition("#")[0].strip() for line in data.decode("utf-8", "replace").splitlines()}
    entries = side.configuration.trusted_keys if side.configuration else ()
    held = KeyRing(
        {entry.public: entry for entry in entries},
        listed=frozenset(entry.public for entry in entries if entry.key in listed),
    )
    return held.refused()


def percents(
    base: ProjectSide,
    head: ProjectSide,
    code: CodeReview,
    contracts: Contracts,
    models: Pairing,
    profiles: Pairing,
) -> tuple[ShipPercent, ...]:
    """Both sides, and head's evidence under base's criteria: a line for each model at each profile."""
    one, other, _ = holdings_of(base, head, base, code, contracts)
    return joined(one.percents(one), other.percents(other), one.percents(other), models, profiles)


def holdings_of(
    base: ProjectSide, head: ProjectSide, tip: ProjectSide, code: CodeReview, contracts: Contracts
) -> tuple[Holdings, Holdings, KeyRing]:
    """What both sides ask for and hold, every statement opened once; and the keys that base has now."""
    known = _Known(base)
    one, other = (
        Holdings(side, contracts.of(side, side.contracts), Identities(own), folder, known)
        for side, own, folder in (
            (base, code.base, base.tree.repository.private("standing-base")),
            (head, code.head, head.tree.repository.private("standing-head")),
        )
    )
    keys = one.ring
    if tip is not base:
        keys = Holdings(
            tip, {}, Identities(code.base), base.tree.repository.private("standing-tip"), known
        ).ring
    for standing, side in ((one, base), (other, head)):
        standing.read(evidence_of(side), one.ring.known | other.ring.known | keys.known)
    return one, other, keys
