"""The one function of a review: two revisions in, everything that the difference means out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

from specship.errors import UnusableInput
from specship.evidence.repository import Repository, open_repository
from specship.garbage import undisturbed
from specship.review.code.comparing import CodeReview
from specship.review.contracts import ContractReview
from specship.review.criteria import SpecReview
from specship.review.gates import GateReview, Gates
from specship.review.percents import evidence_of, nothing_held
from specship.review.profiles import ProfileReview
from specship.review.project import ProjectReview, WaiverReview
from specship.review.ranges import Range, place_of, read_range
from specship.review.records import BUMPS, MAJOR, Bump, Change, Direction, Review, ShipPercent
from specship.review.sides import Contracts, ProjectSide, read_side
from specship.specs.version import parse

_WEIGHTS = {direction: number for number, direction in enumerate(Direction)}


def review(start: Path, words: str, *, staged: bool = False) -> Review:
    """What changed between two revisions of the project at or above a folder.

    `words` are `BASE..HEAD`, `BASE...HEAD`, or one revision, which is compared with the working tree or,
    where `staged`, with the index. Nothing of the project is imported or run, and nothing is written.

    Units: as in `Review`. Source: decision 0027.

    Raises:
        UnusableInput: a revision is not here, or a side cannot be read; every fault has its place.
        RequirementMissing: there is no git.
    """
    with undisturbed(), open_repository(start) as repository:
        found, sides = compare(repository, start, words, staged=staged)
        return found.model_copy(update={"ship_percent": sides.ship_percent()})


def compare(
    repository: Repository, start: Path, words: str, *, staged: bool = False
) -> tuple[Review, BothSides]:
    """As `review`, with both sides to ask more of, and no percentages yet."""
    asked = read_range(repository, words, staged=staged)
    beside = place_of(repository, start)
    base = read_side(asked.base, beside, facing=asked.head)
    head = read_side(asked.head, beside, base, facing=asked.base)
    if base.configuration is None and head.configuration is None:
        raise UnusableInput(
            "no pyproject.toml with [tool.specship] on either side",
            at=start,
            mend="run the command inside a project, or begin one: `specship init`",
        )

    def tip() -> ProjectSide:
        return base if asked.tip is asked.base else read_side(asked.tip, beside, base, facing=asked.head)

    sides = BothSides(base, head, tip)
    return _review(asked, sides), sides


def _review(asked: Range, sides: BothSides) -> Review:
    base, head = sides.base, sides.head
    changes = sorted(sides.changes(), key=_order)
    required: Bump = max((change.bump for change in changes), key=BUMPS.index, default="none")
    new = {
        named.id
        for name, amendment in (head.spec.amendments if head.spec else {}).items()
        if base.spec is None or name not in base.spec.amendments
        for named in amendment.changes
    }
    unnamed = [c.id for c in changes if c.direction in MAJOR and not {c.id, c.was} & new]
    return Review(
        base=asked.base.name,
        head=asked.head.name,
        base_commit=asked.base_commit,
        head_commit=asked.head_commit,
        base_version=base.spec.version if base.spec else None,
        head_version=head.spec.version if head.spec else None,
        required_bump=required,
        declared_bump=_declared(base, head),
        changes=tuple(changes),
        waivers=tuple(file.waiver for file in sides.waivers.head.values()),
        unnamed=tuple(dict.fromkeys(unnamed)),
    )


def _order(change: Change) -> tuple[int, int, str, str]:
    return -BUMPS.index(change.bump), _WEIGHTS[change.direction], change.id, change.kind


def _declared(base: ProjectSide, head: ProjectSide) -> Bump:
    """The step that head's amendments take beyond base's; a version that goes back declares nothing."""
    before = parse(base.spec.version) if base.spec else (0, 0, 0)
    after = parse(head.spec.version) if head.spec else (0, 0, 0)
    steps: tuple[Bump, ...] = ("major", "minor", "patch")
    for step, old, new in zip(steps, before, after, strict=True):
        if old != new:
            return step if new > old else "none"
    return "none"


class BothSides:
    """Both sides with everything that is laid beside each other."""

    def __init__(self, base: ProjectSide, head: ProjectSide, tip: Callable[[], ProjectSide]) -> None:
        """`tip` reads base as it stands now, for those who ask."""
        self.base, self.head, self._tip = base, head, tip
        self.contracts = Contracts()
        self.spec = SpecReview(base, head)
        self.profiles = ProfileReview(base, head, self.spec.criteria, self.spec.models.new_names)
        self.code = CodeReview(base, head)
        self.waivers = WaiverReview(base, head)

    def _wanted(self) -> set[str]:
        """The contracts that differ, and those that name what differs elsewhere."""
        one, other = self.base.contracts, self.head.contracts
        changed = {
            path
            for path in one.keys() | other.keys()
            if path not in one or path not in other or one[path].oid != other[path].oid
        }
        exchanged = (was for was, _ in self.spec.pairing.exchanged)
        told = frozenset(
            {
                *self.profiles.overridden(),
                *exchanged,
                *self.code.probes,
                *self.code.faults,
                *self.code.gone,
                *self.code.own,
            }
        )
        return changed | (self.base.naming(one.keys() - changed, told) if told else set())

    @cached_property
    def tip(self) -> ProjectSide:
        """Base as it stands now, whatever head went apart from; read at the first question.

        Raises:
            UnreadableDocument: its settings, spec or profiles have faults; each has its place.
        """
        return self._tip()

    def changes(self) -> Iterator[Change]:
        """Everything that differs."""
        wanted = self._wanted()
        one = self.contracts.of(self.base, wanted & self.base.contracts.keys())
        other = self.contracts.of(self.head, wanted & self.head.contracts.keys())
        gates = GateReview(
            Gates.of(self.base, one),
            Gates.of(self.head, other),
            self.profiles.views,
            self.spec.criteria,
            self.code.renamed,
        )
        yield from ProjectReview(self.base, self.head).changes()
        yield from self.waivers.changes()
        yield from self.spec.changes()
        yield from self.profiles.changes()
        yield from ContractReview(self.base, self.head, one, other, gates.pairing.new_names).changes()
        yield from gates.changes()
        by_probe: dict[str, list[str]] = {}
        by_fault: dict[str, list[str]] = {}
        for gate, _ in gates.base.files.values():
            by_probe.setdefault(gate.probe or "", []).append(gate.id)
            for fault in gate.faults:
                by_fault.setdefault(fault, []).append(gate.id)
        yield from self.code.changes(by_probe, by_fault, [view.base.profile for view in self.profiles.views])

    def ship_percent(self) -> tuple[ShipPercent, ...]:
        """What each side's evidence amounts to."""
        models, profiles = self.spec.models, self.profiles.pairing
        if not evidence_of(self.base) and not evidence_of(self.head):
            return nothing_held(self.base, self.head, models, profiles)
        from specship.review.holdings import percents  # what judges is imported where there is evidence

        return percents(self.base, self.head, self.code, self.contracts, models, profiles)
