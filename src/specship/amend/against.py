"""Amendment and review together: what the working tree changes, and which amendments are new in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from specship.amend.findings import AmendmentFinding, Entry, amendment_findings
from specship.contracts.document import read_document
from specship.errors import RequirementMissing, UnusableInput
from specship.evidence.ledger import read_ledger
from specship.evidence.repository import open_repository
from specship.review.ranges import place_of, read_range
from specship.review.records import Review
from specship.review.reviewing import review
from specship.review.sides import read_side
from specship.specs.advice import advice
from specship.specs.project import Project


class Against(NamedTuple):
    """The working tree held against a revision."""

    review: Review
    added: Mapping[str, Entry]
    """Amendments that the revision does not have, by file name."""


def against(start: Path, project: Project, base: str) -> Against:
    """What the working tree changes since it and a revision went apart, and the amendments that came since.

    Raises:
        UnusableInput: the revision is not here, or its project cannot be read.
        RequirementMissing: there is no git.
    """
    with open_repository(start) as repository:
        began = repository.merge_base(repository.commit(base)[0], repository.commit("HEAD")[0])
        asked = read_range(repository, began)
        before = read_side(asked.base, place_of(repository, start)).spec
    folder = project.root / project.configuration.spec / "amendments"
    known = before.amendments if before else {}
    added = {
        name: (amendment, read_document(folder / name, root=project.root))
        for name, amendment in project.spec.amendments.items()
        if name not in known
    }
    return Against(review(start, began), added)


def has_commits(start: Path) -> bool:
    """Whether there is anything that a working tree could be held against."""
    try:
        with open_repository(start) as repository:
            repository.commit("HEAD")
    except (UnusableInput, RequirementMissing):
        return False
    return True


def findings_of(project: Project, found: Review, new: Mapping[str, Entry]) -> tuple[AmendmentFinding, ...]:
    """New amendments held against a review, with every name that this project has for them to point to."""
    gates = {gate.id for file in project.contracts for gate in file.contract.gates}
    ledger = read_ledger(project.ledger_folders, keys=frozenset())
    given = advice(project.spec.history).keys()
    own = {
        one.identity
        for amendment, _ in new.values()
        for one in amendment.recommendations
        if one.state == "OPEN"
    }
    return amendment_findings(
        new,
        found,
        pointers={*gates, *project.spec.amendments, *(entry.digest for entry in ledger.statements)},
        given={*given, *own},
    )
