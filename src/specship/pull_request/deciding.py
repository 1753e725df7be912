"""The one function of the gate: a base and a change in, everything that speaks against merging it out.

Computed outside of every test session, from git objects. The trust root is base's as it stands now, whatever
head went apart from: whose signature counts, and which exceptions do. Head's evidence is held against base's
demands beside its own.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from specship.contracts.reader import ContractFile
from specship.discovery import Folder
from specship.errors import UnusableInput
from specship.evidence.keys.keyring import NOBODY, KeyRing, purpose_of
from specship.evidence.ledger import Ledger
from specship.evidence.repository import open_repository
from specship.evidence.statement import Opened
from specship.garbage import undisturbed
from specship.pull_request.amendments import untrue
from specship.pull_request.facts import Committed, MergeFacts, MergeObjection
from specship.pull_request.last_session import last_session
from specship.pull_request.reading import lint_of
from specship.pull_request.records import MergeCheck, MergeDecision, Reason, fingerprint_of
from specship.review.holdings import holdings_of, refused_keys
from specship.review.percents import evidence_of, joined, nothing_held
from specship.review.project import waivers_of
from specship.review.records import Review, ShipPercent
from specship.review.reviewing import BothSides, compare
from specship.review.sides import ProjectSide
from specship.specs.waivers import WaiverFile
from specship.status.assess import ledger_problems
from specship.status.report import ModelReport, WaiverReport
from specship.status.waiving import waiver_reports

REASONS: Final = Folder("specship.pull_request.reasons")
_ARMING: Final = "evidence/arming"
Reports = Mapping[tuple[str, str], ModelReport]


class MergeQuestion(NamedTuple):
    """What is asked of the gate."""

    base: str
    """The branch that the change is to go into."""
    head: str | None = "HEAD"
    """The change; None for what is staged."""
    floor: float | None = None
    """Least ship-% of a release, in percent."""
    fall: bool = False
    """Whether no number may be lower than on base."""


def decide(start: Path, question: MergeQuestion) -> MergeDecision:
    """Whether a change of the project at or above a folder may be merged, and what speaks against it.

    Units and source: as in `MergeDecision`.

    Raises:
        UnusableInput: a revision is not here, head is part of base, or a side cannot be read; every fault
            has its place.
        RequirementMissing: there is no git.
    """
    if not question.base:
        raise UnusableInput(
            "--base names nothing", why="a variable of the pipeline is empty, as it seems",
            mend="name the branch that the change goes into",
        )  # fmt: skip
    words = question.base if question.head is None else f"{question.base}...{question.head}"
    with undisturbed(), open_repository(start) as repository:
        found, sides = compare(repository, start, words, staged=question.head is None)
        if found.head_commit is not None and found.head_commit == found.base_commit:
            raise UnusableInput(
                f"{question.head} is part of {question.base} already: there is nothing to hold against it",
                why="a gate that compares a change with itself would let everything pass",
                mend="name the branch that the change goes into; of what was merged just now, `--base HEAD^`",
            )
        return _decision(_facts(found, sides, question, start), question)


def _facts(found: Review, sides: BothSides, question: MergeQuestion, start: Path) -> MergeFacts:
    base, head = sides.base, sides.head
    contracts = sides.contracts.of(head, head.contracts)
    waivers = sides.waivers
    held = _Held.of(sides)
    before, on_base, after = held.before, held.on_base, held.after
    names, new = (sides.spec.models, sides.profiles.pairing), sides.profiles.pairing.new_names
    numbers = joined(_percents(before), _percents(after), _percents(on_base), *names) or nothing_held(
        base, head, *names
    )
    return MergeFacts(
        review=found.model_copy(update={"ship_percent": numbers}),
        before=_renamed(before, sides),
        on_base=_renamed(on_base, sides),
        after=tuple(after.values()),
        places=_places(head, contracts.values()),
        folder=head.place,
        base=_committed(base, held.base, held, evidence_of(base)),
        head=_committed(head, held.head, held, evidence_of(base)),
        lint=lint_of(head, sides.code.head, contracts, waivers.head),
        untrue=tuple(untrue(sides, found, contracts, evidence_of(head))),
        waivers=waiver_reports(waivers.head.values(), after.values()),
        refused_keys=tuple(refused_keys(head)),
        waived_before=_waived_before(waivers_of(sides.tip).values(), waivers.head.values()),
        floor=question.floor,
        releases=_releases(head) | {new.get(name, name) for name in _releases(base)},
        fall=question.fall,
        session=last_session(start, (entry.record for entry in held.head.receipts)),
    )


class _Held(NamedTuple):
    """Evidence of both sides, and what it amounts to."""

    base: Ledger = Ledger((), (), ())
    head: Ledger = Ledger((), (), ())
    trust: KeyRing = NOBODY
    """Of base as it stands now, or of head where base knows no specship."""
    wished: KeyRing = NOBODY
    """Of head."""
    before: Reports = {}
    on_base: Reports = {}
    after: Reports = {}

    @classmethod
    def of(cls, sides: BothSides) -> _Held:
        """Where neither side has committed a statement, nothing is read: nothing is discharged."""
        if not evidence_of(sides.base) and not evidence_of(sides.head):
            return cls()
        base, head, tip = sides.base, sides.head, sides.tip
        one, other, keys = holdings_of(base, head, tip, sides.code, sides.contracts)
        trust = keys if base.configuration or tip.configuration else other.ring
        before = one.reports(one, trust)
        same = evidence_of(base) == evidence_of(head) and _armings(base) == _armings(head)
        on_base = before if same else one.reports(other, trust)
        after = other.reports(other, trust)
        return cls(one.ledger, other.ledger, trust, other.ring, before, on_base, after)


def _percents(reports: Reports) -> dict[tuple[str, str], float]:
    return {key: report.ship_percent for key, report in reports.items()}


def _renamed(reports: Reports, sides: BothSides) -> tuple[ModelReport, ...]:
    """Base's reports under head's names, so that a new name hides nothing."""
    models, profiles = sides.spec.models.new_names, sides.profiles.pairing.new_names
    criteria = sides.spec.criteria
    return tuple(
        report.model_copy(
            update={
                "model": models.get(report.model, report.model),
                "profile": profiles.get(report.profile, report.profile),
                "criteria": tuple(
                    criterion.model_copy(update={"id": criteria.get(criterion.id, criterion.id)})
                    for criterion in report.criteria
                ),
            }
        )
        for report in reports.values()
    )


def _places(side: ProjectSide, contracts: Iterable[ContractFile]) -> dict[str, tuple[str, int | None]]:
    """Contract and line of each gate."""
    found: dict[str, tuple[str, int | None]] = {}
    for file in contracts:
        lines = file.document.item_lines.get("gates", ())
        path = posixpath.join(side.place, file.path)
        found |= {gate.id: (path, line) for gate, line in zip(file.contract.gates, lines, strict=False)}
    return found


def _armings(side: ProjectSide) -> dict[str, str]:
    """The id of each record of arming by its path."""
    folder = side.inside(_ARMING) if side.configuration else ""
    names = side.tree.names(folder) if folder else {}
    return {f"{folder}/{name}": entry.oid for name, entry in names.items() if name.endswith(".json")}


def _committed(side: ProjectSide, ledger: Ledger, held: _Held, before: Mapping[str, str]) -> Committed:
    """The evidence of a side, file by file; `before` are base's statements."""
    arming = _armings(side)
    statements = evidence_of(side)
    statements = {path: oid for path, oid in statements.items() if path.endswith(".json")}
    paths = {posixpath.basename(path).removesuffix(".json"): path for path in statements}
    armings: dict[str, set[str]] = {}
    for path in arming:
        armings.setdefault(posixpath.basename(path).partition(".")[0], set()).add(path)
    return Committed(
        files={**statements, **arming},
        packs={path: file.pack for path, file in side.packed.files.items()},
        gates={
            paths[entry.digest]: entry.evidence.gate for entry in ledger.statements if entry.digest in paths
        }
        | {path: posixpath.basename(path).partition(".")[0] for path in arming},
        unsigned={
            paths[entry.digest]: f"{entry.evidence.gate} at {entry.evidence.profile}: {reason}"
            for entry in ledger.statements
            if entry.digest in paths
            and paths[entry.digest] not in before
            and (reason := _why_not(entry, held, _releases(side)))
        },
        armings={gate: frozenset(own) for gate, own in armings.items()},
        problems=ledger_problems(ledger),
    )


def _why_not(entry: Opened, held: _Held, releases: frozenset[str]) -> str:
    """Why base does not count who signed a statement; empty where it does."""
    release = entry.evidence.profile in releases
    here, wished = (
        ring.why_not(
            entry.signers,
            purpose_of(release=release),
            at=entry.evidence.ended,
            name=f"{entry.digest}.json",
            release=release,
        )
        for ring in (held.trust, held.wished)
    )
    if here and not wished:
        here += "; this change trusts it, and that counts from the next merge on"
    return here


def _waived_before(base: Iterable[WaiverFile], head: Iterable[WaiverFile]) -> frozenset[tuple[str, str]]:
    """Failures that are waived on both sides, and on head for no longer than on base."""
    longest: dict[tuple[str, str], str] = {}
    for file in base:
        key = file.waiver.gate, file.waiver.fingerprint
        longest[key] = max(longest.get(key, ""), file.waiver.expires)
    return frozenset(
        (file.waiver.gate, file.waiver.fingerprint)
        for file in head
        if file.waiver.expires <= longest.get((file.waiver.gate, file.waiver.fingerprint), "")
    )


def _decision(facts: MergeFacts, question: MergeQuestion) -> MergeDecision:
    reasons, checks = [], []
    for name in REASONS.names:
        own = list(_reasons(name, facts))
        reasons += own
        checks.append((own[0].weight if own else 0, _checked(name, len(own))))
    found = facts.review
    return MergeDecision(
        verdict="fail" if reasons else "pass",
        base=question.base,
        head=found.head,
        base_commit=found.base_commit,
        head_commit=found.head_commit,
        base_version=found.base_version,
        head_version=found.head_version,
        required_bump=found.required_bump,
        declared_bump=found.declared_bump,
        weakenings=tuple(facts.weakenings()),
        unnamed=found.unnamed,
        waivers=_placed(facts),
        reasons=tuple(
            sorted(reasons, key=lambda reason: (-reason.weight, reason.check, reason.path or "", reason.id))
        ),
        ship_percent=_numbers(found.ship_percent, facts.releases),
        changes=len(found.changes),
        stales=len({stale for change in found.changes for stale in change.stales}) + facts.outdated,
        checks=tuple(entry for _, entry in sorted(checks, key=lambda pair: (-pair[0], pair[1].check))),
        new_statements=len(facts.new_evidence),
        session=facts.session,
    )


def _releases(side: ProjectSide) -> frozenset[str]:
    profiles = side.spec.profiles if side.spec else {}
    return frozenset(name for name, profile in profiles.items() if profile.kind == "release")


def _numbers(entries: Iterable[ShipPercent], releases: frozenset[str]) -> tuple[ShipPercent, ...]:
    """Of releases, and of other scales that have a number at all."""
    return tuple(entry for entry in entries if entry.profile in releases or entry.before or entry.after)


def _placed(facts: MergeFacts) -> tuple[WaiverReport, ...]:
    return tuple(waiver.model_copy(update={"path": facts.inside(waiver.path)}) for waiver in facts.waivers)


def _check_name(name: str) -> str:
    return name.replace("_", "-")


def _why(name: str) -> str:
    return str(REASONS.load(name).reasons.__doc__).split("\n\n", 1)[0].strip()


def _checked(name: str, count: int) -> MergeCheck:
    return MergeCheck(check=_check_name(name), why=_why(name), reasons=count)


def _told(text: str) -> str:
    """A text that can be written down: names of files can be any bytes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _reasons(name: str, facts: MergeFacts) -> Iterator[Reason]:
    module, check = REASONS.load(name), _check_name(name)
    found: Iterator[MergeObjection] = module.reasons(facts)
    for given in found:
        entry = given._replace(id=_told(given.id), says=_told(given.says), mend=_told(given.mend))
        if entry.path is not None:
            entry = entry._replace(path=_told(entry.path))
        yield Reason(
            check=check, weight=module.WEIGHT, id=entry.id, says=entry.says, why=_why(name), mend=entry.mend,
            path=entry.path, line=entry.line,
            fingerprint=fingerprint_of(check, entry.id, entry.path, entry.says),
        )  # fmt: skip
