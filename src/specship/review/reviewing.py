"""The one function of a review: two revisions in, everything that the difference means out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from specship.errors import UnusableInput
from specship.review.code import CodeReview
from specship.review.contracts import ContractReview
from specship.review.criteria import SpecReview
from specship.review.gates import GateReview, Gates
from specship.review.profiles import ProfileReview
from specship.review.project import ProjectReview
from specship.review.ranges import Range, place_of, read_range
from specship.review.records import BUMPS, TO_BE_NAMED, Bump, Change, Direction, Review
from specship.review.repository import open_repository
from specship.review.sides import Contracts, Side, read_side
from specship.specs.version import parse

_WEIGHTS = {direction: number for number, direction in enumerate(Direction)}


def review(start: Path, words: str, *, staged: bool = False) -> Review:
    """What changed between two revisions of the project at or above a folder.

    `words` are `BASE..HEAD`, `BASE...HEAD`, or one revision, which is compared with the working tree or, where
    `staged`, with the index. Nothing of the project is imported or run, and nothing is written.

    Units: as in `Review`. Source: decision 0027.

    Raises:
        UnusableInput: a revision is not here, or a side cannot be read; every fault has its place.
        RequirementMissing: there is no git.
    """
    with open_repository(start) as repository:
        asked = read_range(repository, words, staged=staged)
        beside = place_of(repository, start)
        base, head = read_side(asked.base, beside), read_side(asked.head, beside)
        if base.configuration is None and head.configuration is None:
            raise UnusableInput(
                "no pyproject.toml with [tool.specship] on either side",
                at=start,
                mend="run the command inside a project, or begin one: `specship init`",
            )
        return _review(asked, base, head)


def _review(asked: Range, base: Side, head: Side) -> Review:
    changes = sorted(_changes(base, head), key=_order)
    required: Bump = max((change.bump for change in changes), key=BUMPS.index, default="none")
    new = {
        named.id
        for name, amendment in (head.spec.amendments if head.spec else {}).items()
        if base.spec is None or name not in base.spec.amendments
        for named in amendment.changes
    }
    unnamed = [c.id for c in changes if c.direction in TO_BE_NAMED and not {c.id, c.was} & new]
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
        unnamed=tuple(dict.fromkeys(unnamed)),
    )


def _order(change: Change) -> tuple[int, int, str, str]:
    return -BUMPS.index(change.bump), _WEIGHTS[change.direction], change.id, change.kind


def _declared(base: Side, head: Side) -> Bump:
    """The step that the amendments of head take beyond those of base; a version that goes back declares nothing."""
    before = parse(base.spec.version) if base.spec else (0, 0, 0)
    after = parse(head.spec.version) if head.spec else (0, 0, 0)
    steps: tuple[Bump, ...] = ("major", "minor", "patch")
    for step, old, new in zip(steps, before, after, strict=True):
        if old != new:
            return step if new > old else "none"
    return "none"


def _changes(base: Side, head: Side) -> Iterator[Change]:
    spec = SpecReview(base, head)
    profiles = ProfileReview(base, head, spec.criteria, spec.models.new_names)
    code = CodeReview(base, head)
    contracts = Contracts()
    changed = {
        path
        for path in base.contracts.keys() | head.contracts.keys()
        if path not in base.contracts
        or path not in head.contracts
        or base.contracts[path].oid != head.contracts[path].oid
    }
    unchanged = base.contracts.keys() - changed
    overridden = profiles.overridden()[0]
    asked = frozenset({*overridden, *code.probes, *code.faults, *code.gone})
    wanted = changed | (base.naming(unchanged, asked) if asked else set())
    one = contracts.of(base, wanted & base.contracts.keys())
    other = contracts.of(head, wanted & head.contracts.keys())
    gates = GateReview(Gates.of(base, one), Gates.of(head, other), profiles.views, spec.criteria)
    yield from ProjectReview(base, head).changes()
    yield from spec.changes()
    yield from profiles.changes()
    yield from ContractReview(base, head, one, other).changes()
    yield from gates.changes()
    by_probe: dict[str, list[str]] = {}
    by_fault: dict[str, list[str]] = {}
    for gate, _ in gates.base.files.values():
        by_probe.setdefault(gate.probe or "", []).append(gate.id)
        for fault in gate.faults:
            by_fault.setdefault(fault, []).append(gate.id)
    yield from code.changes(by_probe, by_fault, [view.base.profile for view in profiles.views])
