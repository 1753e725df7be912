"""What a guard is: what it answers, and whether it does so here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from specship.contracts.records import Frozen
from specship.evidence.ledger import Ledger, read_ledger
from specship.specs.project import Project
from specship.specs.records import Profile
from specship.suite.judging.trust import all_keys

State = Literal["in force", "in part", "not here"]


class Answer(Frozen):
    """Whether a guard is in force here."""

    state: State
    says: str
    """Why, in words for whoever decides about a release."""
    mend: str = ""
    """What would bring it in force."""


def in_force(says: str, mend: str = "") -> Answer:
    """The guard answers here whatever anybody does."""
    return Answer(state="in force", says=says, mend=mend)


def in_part(says: str, mend: str) -> Answer:
    """It answers some of what it is for."""
    return Answer(state="in part", says=says, mend=mend)


def not_here(says: str, mend: str) -> Answer:
    """It answers nothing here."""
    return Answer(state="not here", says=says, mend=mend)


@dataclass(frozen=True)
class Grounds:
    """What the guards look at: a project and what it holds; nothing is measured."""

    project: Project

    @cached_property
    def ledger(self) -> Ledger:
        """Everything that was signed, here and in the repository."""
        return read_ledger(self.project.ledger_folders, keys=all_keys(self.project))

    @property
    def releases(self) -> tuple[Profile, ...]:
        """The profiles at which a model ships."""
        return tuple(profile for profile in self.project.spec.profiles.values() if profile.kind == "release")


@dataclass(frozen=True)
class Guard:
    """One guard, by the name of its file."""

    against: str
    """The attempt that it answers, in one sentence."""
    look: Callable[[Grounds], Answer]
    """Whether it is in force in a project."""


class GuardReport(Frozen):
    """One guard as it stands here."""

    guard: str
    against: str
    state: State
    says: str
    mend: str


class TrustAudit(Frozen):
    """Every guard as it stands in a project.

    Source: `docs/trust.md`, which says what is promised, and to whom.
    """

    guards: tuple[GuardReport, ...]

    @property
    def counts(self) -> Mapping[State, int]:
        """How many guards there are of each state."""
        states: tuple[State, ...] = ("in force", "in part", "not here")
        return {state: sum(one.state == state for one in self.guards) for state in states}
