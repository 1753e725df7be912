"""Every signed statement of a project: whether it counts today and why not, and the order of the whole."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from specship.errors import DamagedArtifact, SpecshipError, UnknownName
from specship.evidence.arming import NAMES_NO_FAULT, OpenedArming
from specship.evidence.attempt import Attempt
from specship.evidence.committed import CommitHistory
from specship.evidence.envelope import open_envelope
from specship.evidence.flip_rates import OpenedFlipRate
from specship.evidence.keys.keyring import purpose_of
from specship.evidence.ledger import AnyEntry, GateEntries, Ledger, packs_of, read_ledger
from specship.evidence.made_artifact import MadeArtifact
from specship.evidence.packs import lines_in, listed_in, read_pack, unpacked
from specship.evidence.receipt import Receipt
from specship.evidence.statement import Environment, Evidence, Opened
from specship.evidence.upkeep.indexed_ledger import IndexedReader
from specship.specs.project import Project
from specship.status.assess import ledger_problems
from specship.status.folding import unannounced
from specship.status.freshness import FURTHEST_FUTURE, Today, differences, inadmissible
from specship.status.report import signer_reports
from specship.suite.explain.statement_records import LedgerCheck, StatementKind, StatementReport
from specship.suite.flip_rates.book import FlipRateBook
from specship.suite.judging.arming_book import ArmingBook, believed
from specship.suite.judging.today import today, todays_artifacts, vouches
from specship.suite.judging.todays_artifacts import TodaysArtifacts
from specship.suite.judging.trust import Trust
from specship.suite.plan.plan import Check, Plan, plan_at

_DIGITS = 12
_RECENT = 256
_NOT_WHOLE = "the ledger is not whole"


def check_statements(project: Project) -> LedgerCheck:
    """Every statement of a project, in the order in which they were signed; nothing is measured.

    Each file is read, and no index is believed.

    Raises:
        UnusableInput: a trusted key is none, or a name in a contract or profile binds to nothing.
    """
    desk = _Desk(project)
    return LedgerCheck(desk.reports(), desk.problems)


def find_statement(project: Project, beginning: str) -> StatementReport:
    """The one statement whose digest begins so.

    Raises:
        UnknownName: there is none, or there are several.
    """
    found = list(_Desk(project).reports(beginning))
    if len(found) != 1:
        mend = "give more of the digest" if found else "`specship evidence verify` lists them"
        raise UnknownName(f"{len(found)} statements begin with {beginning!r}", mend=mend)
    return found[0]


def payload_of(project: Project, found: StatementReport) -> Any:
    """What was signed: the document inside the envelope."""
    path = project.root / found.path
    data = path.read_bytes() if path.suffix == ".json" else _packed(path, found.digest)
    return open_envelope(data, keys=frozenset(), at=found.path).document


def _packed(pack: Path, digest: str) -> bytes:
    """The bytes of an entry in a pack, which a reader found there."""
    lines = (unpacked(line, at) for at, line in lines_in(read_pack(pack), str(pack)))
    return next(data for name, data in lines if name == digest)


@dataclass
class _Desk:
    """Everything that is looked up to weigh a statement."""

    project: Project

    def __post_init__(self) -> None:
        self.trust = Trust(self.project)
        self.now = datetime.now(UTC)
        self.arming = ArmingBook(self.project)
        self.flip_rates = FlipRateBook(self.project, self.arming.ring)
        self.read = set[bytes]()
        """Digests of the entries that were read, 32 bytes each."""
        self.recent: dict[str, AnyEntry] = {}
        """The attempts that were read last: their statements come soon after them."""
        self.backwards: list[str] = []

    @cached_property
    def ledger(self) -> Ledger:
        folders, keys = self.project.ledger_folders, self.trust.ring.known
        with contextlib.suppress(OSError), tempfile.TemporaryDirectory() as scratch:
            # Its index is this command's own, and stays open when its name is gone.
            return IndexedReader(folders, keys=keys, state=Path(scratch)).read()
        return read_ledger(folders, keys=keys)  # there is no place for temporary files

    @cached_property
    def made(self) -> Mapping[str, MadeArtifact]:
        """Stage statements by the digest of what was made."""
        return {entry.record.artifact.digest: entry.record for entry in self.ledger.artifacts}

    @cached_property
    def plans(self) -> Mapping[str, Plan]:
        return {name: plan_at(self.project, name) for name in self.project.spec.profiles}

    @cached_property
    def artifacts(self) -> Mapping[str, TodaysArtifacts]:
        return {name: todays_artifacts(plan, self.ledger) for name, plan in self.plans.items()}

    @cached_property
    def todays(self) -> Mapping[tuple[str, str], Today]:
        """Each gate at each profile."""
        return {
            (check.gate.id, name): today(plan, check, self.artifacts[name], arming=self.arming)
            for name, plan in self.plans.items()
            for check in plan.checks
        }

    @cached_property
    def lost(self) -> Collection[str]:
        return {entry.digest for entry in self.ledger.lost}

    def reports(self, beginning: str = "") -> Iterator[StatementReport]:
        """Each statement whose digest begins so, those of the ledger as they were signed."""
        for entry in self.ledger.in_order():
            if not beginning:
                self._look_back(entry)
            if entry.digest.startswith(beginning):
                yield self.report(entry)
        for armed in (entry for own in self.arming.by_gate.values() for entry in own):
            if (report := self.arming_report(armed)).digest.startswith(beginning):
                yield report
        for flips in self.flip_rates.entries:
            if (report := self.flip_rate_report(flips)).digest.startswith(beginning):
                yield report

    def _look_back(self, entry: AnyEntry) -> None:
        """Note what an entry names that is of a later time: what is of an earlier one was read before."""
        self.read.add(bytes.fromhex(entry.digest))
        if isinstance(entry.record, Attempt):
            self.recent[entry.digest] = entry
            while len(self.recent) > _RECENT:
                del self.recent[next(iter(self.recent))]
        for digest in entry.record.named:
            if digest in self.recent or _raw(digest) in self.read:
                continue
            parent = self.ledger.found(digest)
            if parent and parent.record.moment > entry.record.moment + FURTHEST_FUTURE:
                self.backwards.append(
                    f"sha256:{entry.digest[:_DIGITS]}… is of {entry.record.moment:%Y-%m-%d %H:%M:%S}, "
                    f"and names sha256:{digest[:_DIGITS]}… of {parent.record.moment:%Y-%m-%d %H:%M:%S}\n"
                    "  why:  what a statement names was there when it was signed: a clock ran backwards\n"
                    "  mend: set the clock, and measure again"
                )

    def report(self, entry: AnyEntry) -> StatementReport:
        record = entry.record
        kind: StatementKind
        about, why, around = "", ["it is of an unknown kind"], None
        lineage: tuple[str, ...] = ()
        if isinstance(entry, Opened):
            kind, about, why = "evidence", _about(entry.evidence), list(self._evidence(entry))
            lineage, around = self._lineage(entry.evidence.subjects), entry.evidence.environment
        elif isinstance(record, Attempt):
            kind, about = (
                "attempt",
                f"{record.gate} of {record.model} at {record.profile} is about to be measured",
            )
            why = list(self._attempt(entry.digest))
        elif isinstance(record, MadeArtifact):
            kind, about = "artifact", f"{record.makes} of {record.model} at {record.profile}"
            why, around = list(self._artifact(entry, record)), record.environment
            lineage = self._lineage({record.makes: record.artifact.digest})
        else:
            kind, why = "receipt", ["a receipt earns nothing; it says what a session did"]
            if isinstance(record, Receipt):
                about, around = (
                    f"a session at {record.profile}, exit status {record.exit_status}",
                    record.environment,
                )
        return StatementReport(
            digest=entry.digest, kind=kind, path=self._path(f"{entry.digest}.json"), about=about,
            moment=record.moment.isoformat(), signers=signer_reports(entry.signers, self.trust.ring),
            counts=not why, why=tuple(why), lineage=lineage, environment=_shown(around) if around else "",
        )  # fmt: skip

    def arming_report(self, entry: OpenedArming) -> StatementReport:
        record = entry.arming
        return StatementReport(
            digest=entry.path.stem.rpartition(".")[2], kind="arming", about=f"{record.gate} was seen to fail",
            path=entry.path.relative_to(self.project.root).as_posix(), moment=record.ended.isoformat(),
            signers=signer_reports(entry.signers, self.trust.ring), why=tuple(self._arming(entry)),
            counts=any(not self._unarmed(entry, name) for name in self.plans),
            environment=_shown(record.environment),
        )  # fmt: skip

    def flip_rate_report(self, entry: OpenedFlipRate) -> StatementReport:
        record = entry.record
        told = self.flip_rates.flips(entry)
        why = tuple(filter(None, (told.signed, told.stale)))
        given = f"{told.changed} of {told.variants} verdicts changed"
        return StatementReport(
            digest=entry.path.stem.rpartition(".")[2], kind="flip-rate",
            about=f"{record.gate} on healthy variants at {record.profile}: {given}",
            path=told.path, moment=record.ended.isoformat(),
            signers=signer_reports(entry.signers, self.trust.ring), why=why, counts=not why,
            environment=_shown(record.environment),
        )  # fmt: skip

    def _path(self, name: str) -> str:
        found = [folder / name for folder in self.project.ledger_folders if (folder / name).is_file()]
        place = found[-1] if found else self._packs.get(name, self.project.evidence_folder / name)
        return place.relative_to(self.project.root).as_posix()

    @cached_property
    def _packs(self) -> Mapping[str, Path]:
        """The pack of each entry that stands in one, by the name that its file had."""
        found = {}
        for pack in (path for folder in self.project.ledger_folders for path in packs_of(folder)):
            with contextlib.suppress(DamagedArtifact):
                for one in listed_in(pack):
                    if not isinstance(one, DamagedArtifact):
                        found[f"{one[0]}.json"] = pack
        return found

    def _evidence(self, entry: Opened) -> Iterator[str]:
        evidence = entry.evidence
        now = self.todays.get((evidence.gate, evidence.profile))
        if now is None or now.model != evidence.model:
            yield f"no gate {evidence.gate} of {evidence.model} is judged at {evidence.profile} today"
            return
        refused = inadmissible(entry, now, self.now)
        if refused:
            yield refused
        if told := unannounced(entry, GateEntries((), self._announcing(evidence))):
            yield told
        yield from differences(evidence, now)
        if self.ledger.flaws:
            yield _NOT_WHOLE
        if not refused and now.unarmed:
            yield f"its gate is not armed: {now.unarmed}"

    def _announcing(self, evidence: Evidence) -> dict[str, Any]:
        """The attempt that a statement names, where it is there and of the same gate."""
        named = evidence.attempt
        entry = (self.recent.get(named) or self.ledger.found(named)) if named else None
        same = entry and isinstance(entry.record, Attempt) and entry.record.gate == evidence.gate
        return {named: entry} if same else {}

    def _attempt(self, digest: str) -> Iterator[str]:
        if digest in self.lost:
            yield "its result is missing"
        elif digest in self.ledger.marks:
            yield f"it has no result: {self.ledger.marks[digest].name.lower().replace('_', ' ')}"

    def _artifact(self, entry: AnyEntry, record: MadeArtifact) -> Iterator[str]:
        if record.profile not in self.plans:
            yield f"there is no profile {record.profile} today"
            return
        release = self.plans[record.profile].profile.kind == "release"
        if not vouches(entry, self.trust.ring, release=release, now=self.now):  # type: ignore[arg-type]
            yield (
                self.trust.ring.why_not(
                    entry.signers,
                    purpose_of(release=release),
                    at=record.signed,
                    name=f"{entry.digest}.json",
                    release=release,
                )
                or "it comes from the future, or from files that are not committed"
            )
        try:
            here = self.artifacts[record.profile].of(record.model, record.makes)
        except SpecshipError as error:
            yield f"no such artifact is made today: {error.message}"
            return
        if here is None or here.digest != record.artifact.digest:
            yield "settings, code or inputs of today give other bytes, or nobody knows which"

    def _arming(self, entry: OpenedArming) -> Iterator[str]:
        for name in self.plans:
            if reason := self._unarmed(entry, name):
                yield f"at {name}: {reason}"

    def _unarmed(self, entry: OpenedArming, profile: str) -> str:
        plan = self.plans[profile]
        check = next((one for one in plan.checks if one.gate.id == entry.arming.gate), None)
        if check is None:
            return "there is no such gate today"
        return _by_itself(self.arming, entry, check, plan)

    def _lineage(self, subjects: Mapping[str, str]) -> tuple[str, ...]:
        """Name and digest of each artifact, those first that others were made from."""
        found: dict[str, str] = {}

        def visit(name: str, digest: str) -> None:
            if digest in found:
                return
            found[digest] = ""
            made = self.made.get(digest)
            for other, theirs in sorted(made.artifact.ingredients.inputs.items()) if made else ():
                visit(other, theirs)
            del found[digest]
            found[digest] = f"{name} {digest[:_DIGITS]}" + (
                "" if made else ", of which no stage statement is here"
            )

        for name, digest in sorted(subjects.items()):
            visit(name, digest)
        return tuple(found.values())

    def problems(self) -> Iterator[str]:
        """What is wrong with the whole."""
        yield from self.trust.ring.refused()
        yield from ledger_problems(self.ledger)
        yield from (str(error) for error in self.arming.damaged)
        yield from (str(error) for error in self.flip_rates.damaged)
        yield from self._gone()
        yield from self.backwards
        yield from self._ends()

    def _gone(self) -> Iterator[str]:
        folder = self.project.evidence_folder
        history = CommitHistory.of(folder) if folder.is_dir() else None
        for name in sorted(history.names if history else ()):
            digest = name.removesuffix(".json")
            if "/" not in name and name != digest and self.ledger.found(digest) is None:
                if (folder / name).exists():
                    continue  # it is damaged, which is said already
                yield (
                    f"evidence/{name} was committed, and is gone\n"
                    "  why:  what was taken away could be a failure\n"
                    f"  mend: git checkout $(git rev-list -n 1 HEAD -- evidence/{name})^ -- evidence/{name}"
                )

    def _ends(self) -> Iterator[str]:
        """Stage statements whose inputs have none: a lineage that ends."""
        for entry in self.ledger.artifacts:
            for name, digest in sorted(entry.record.artifact.ingredients.inputs.items()):
                if digest not in self.made:
                    yield (
                        f"sha256:{entry.digest[:_DIGITS]}…: {entry.record.makes} was made from {name} "
                        f"{digest[:_DIGITS]}…, of which there is no stage statement\n"
                        "  why:  from there on nobody says where its bytes come from\n"
                        "  mend: sign the whole line: specship evidence sign"
                    )


def _raw(digest: str) -> bytes:
    with contextlib.suppress(ValueError):
        return bytes.fromhex(digest)
    return b""


def _about(evidence: Evidence) -> str:
    return f"{evidence.gate} of {evidence.model} at {evidence.profile}: {evidence.verdict}"


def _shown(environment: Environment) -> str:
    commit = environment.git_commit[:_DIGITS] or "no commit"
    clean = ", with files that are not committed" if environment.git_dirty else ""
    return f"{environment.device}, {environment.platform}, Python {environment.python}, {commit}{clean}"


def _by_itself(book: ArmingBook, entry: OpenedArming, check: Check, plan: Plan) -> str:
    """Why one record arms nothing at a profile; empty where it does."""
    _, unsigned = believed([entry], book.ring, release=plan.profile.kind == "release")
    if unsigned:
        return unsigned
    return book.limits_seen(check, plan).unarmed if check.gate.faults else NAMES_NO_FAULT
