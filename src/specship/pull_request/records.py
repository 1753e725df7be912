"""The shape of what `specship gate` answers: every face prints this record and nothing else."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from specship.contracts.records import Frozen
from specship.digests import digest_of
from specship.review.records import Bump, Change, ShipPercent
from specship.status.report import WaiverReport

_DIGITS: Final = 12


class Reason(Frozen):
    """One reason against merging."""

    check: str
    """What was asked, such as `weakening-not-named`: the name of its file, with dashes."""
    weight: Annotated[int, Field(ge=1, le=100)]
    """How much it weighs; the heaviest come first."""
    id: str
    """What it is about: a gate, a model, a criterion, a statement, a code of lint."""
    says: str
    """The reason in one sentence."""
    why: str
    """Why such a thing is never let through."""
    mend: str
    """What would take it away."""
    path: str | None = None
    """Where, within the repository, on head's side; null for what head does not have."""
    line: Annotated[int | None, Field(ge=1)] = None
    """The line there."""
    fingerprint: str
    """Twelve digits that stay while lines move: of the check, the id, the path and what it says."""


def fingerprint_of(check: str, identity: str, path: str | None, says: str) -> str:
    """What a reason is known by from one run to the next."""
    return digest_of([check, identity, path or "", says])[:_DIGITS]


class MergeCheck(Frozen):
    """One question that was asked of the change."""

    check: str
    """Its name."""
    why: str
    """Why it is asked."""
    reasons: Annotated[int, Field(ge=0)]
    """How many reasons it found."""


class MergeDecision(Frozen):
    """Whether a change may be merged, and everything that speaks against it.

    Units: percentages from 0 to 100; lines count from 1; days by ISO 8601, UTC.
    Source: `schemas/gate.schema.json`, which is made from this record.
    """

    weakenings: tuple[Change, ...] = ()
    """What demands a major step, named by an amendment or not: the first lines of every face."""
    verdict: Literal["pass", "fail"]
    """`fail` where there is a reason."""
    base: str
    """The revision that is compared with, as it was asked for."""
    head: str
    """The revision that asks to be merged, or `the index`."""
    base_commit: str
    """The commit from which both went apart."""
    head_commit: str | None = None
    """Its commit; null for what is not committed."""
    base_version: str | None = None
    """Version of the spec there; null without a spec."""
    head_version: str | None = None
    """Version of the spec that would be merged; null without a spec."""
    required_bump: Bump
    """The largest step that a change demands."""
    declared_bump: Bump
    """The step that the amendments take."""
    unnamed: tuple[str, ...] = ()
    """Ids among them that no new amendment names."""
    waivers: tuple[WaiverReport, ...] = ()
    """Exceptions that lie on head's side; only those that are on base as well count."""
    reasons: tuple[Reason, ...] = ()
    """Heaviest first."""
    ship_percent: tuple[ShipPercent, ...] = ()
    """Of each model at each profile that has committed evidence, before and after."""
    changes: Annotated[int, Field(ge=0)] = 0
    """How many changes the review found in all."""
    stales: Annotated[int, Field(ge=0)] = 0
    """How much evidence and arming the change makes stale."""
    checks: tuple[MergeCheck, ...] = ()
    """Every question that was asked, and what it found."""
    new_statements: Annotated[int, Field(ge=0)] = 0
    """Statements and records of arming that head has and base has not."""

    session: str = ""
    """What the last test session says of itself: an explanation, on which nothing rests."""

    @property
    def exit_status(self) -> int:
        """0 when it may be merged, 1 when something speaks against it."""
        return 1 if self.reasons else 0
