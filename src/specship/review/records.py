"""The shape of a review: every face prints these records, and a gate for pull requests decides from them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from specship.contracts.records import Frozen
from specship.specs.waivers import Waiver


class Direction(StrEnum):
    """Which way a change goes.

    The first four demand a major step of the version and an amendment that names the id: something passes, or
    may pass, that did not before.
    """

    WEAKENED = "weakened"
    """Something passes, or counts, now that did not before."""
    REMOVED = "removed"
    """What was asked for is not asked for any more."""
    INCOMPARABLE = "incomparable"
    """Another demand, of which nobody can say that it includes the one before."""
    OTHERWISE = "measures otherwise"
    """The demand is the same, and what is held against it is measured, or made, in another way."""
    STRENGTHENED = "strengthened"
    """Something fails, or does not count, now that did before; nothing the other way."""
    ADDED = "added"
    """What nobody asked for before."""
    NEUTRAL = "neutral"
    """Words, names and places; nothing passes now that failed, nor the other way."""


Bump = Literal["none", "patch", "minor", "major"]
BUMPS: Final[tuple[Bump, ...]] = ("none", "patch", "minor", "major")
"""Steps of a version by size."""
_MINOR: Final = frozenset({Direction.STRENGTHENED, Direction.ADDED})
MAJOR: Final = frozenset({Direction.WEAKENED, Direction.REMOVED, Direction.INCOMPARABLE, Direction.OTHERWISE})
"""Directions after which nobody can rely on what was promised: an amendment has to name the id."""

About = Literal[
    "project",
    "spec",
    "waiver",
    "model",
    "criterion",
    "amendment",
    "profile",
    "contract",
    "gate",
    "probe",
    "fault",
]
"""What kind of thing has the id."""
Kind = Literal[
    "added",
    "removed",
    "renamed",
    "moved",
    "exchanged",
    "reworded",
    "limit",
    "unit",
    "probe",
    "binding",
    "blocking",
    "requirement",
    "fault",
    "prediction",
    "excuse",
    "reference",
    "weight",
    "dependency",
    "effort",
    "not judged",
    "profile kind",
    "evidence age",
    "setting",
    "key",
    "code",
]
"""What about it changed."""


def bump_of(direction: Direction) -> Bump:
    """The step of the version that a change of this direction demands."""
    if direction in MAJOR:
        return "major"
    return "minor" if direction in _MINOR else "patch"


class Stale(Frozen):
    """Evidence or arming that speaks of something else from now on."""

    gate: str
    """Id of the gate, as base calls it; `*` for every gate with a probe."""
    model: str = "*"
    """Where `gate` is `*`: of which model; `*` for every one."""
    profile: str
    """The scale at which it was taken."""
    what: Literal["evidence", "arming"]
    """Whether it is a measurement, or a record that the gate was seen to fail."""


class Spot(Frozen):
    """Where something stands on one side."""

    path: str
    """Within the repository."""
    line: Annotated[int, Field(ge=1)]
    """From 1."""


class Change(Frozen):
    """One thing that differs between the two sides, and what follows from it."""

    id: str
    """What changed, by its new name: a gate, criterion, probe, key of the settings, or their like."""
    about: About
    """What kind of thing that is."""
    kind: Kind
    """What about it changed."""
    direction: Direction
    """Which way."""
    says: str
    """The change in one sentence."""
    before: str | None = None
    """What stood there, for people; null where there was nothing."""
    after: str | None = None
    """What stands there, for people; null where there is nothing."""
    quantity: str | None = None
    """The quantity whose limit changed, or that a fault no longer predicts."""
    profiles: tuple[str, ...] = ()
    """The scales at which it is so; empty where it holds for what a contract or spec itself says."""
    tightens_too: bool = False
    """Of a weakening: something also fails now that passed before."""
    was: str | None = None
    """The id on the other side, where it is another one."""
    path: str | None = None
    """Where it stands on head's side; base's where head has it no more."""
    line: int | None = None
    """Its line there."""
    base: Spot | None = None
    """Where it stood on base's side."""
    head: Spot | None = None
    """Where it stands on head's side."""
    bump: Bump = "patch"
    """The step of the version that it demands."""
    stales: tuple[Stale, ...] = ()
    """Evidence and arming that it makes stale."""


class ShipPercent(Frozen):
    """The ship-% of a model at a profile on both sides, computed from what each has committed."""

    model: str
    """Id of the model, as head calls it."""
    profile: str
    """The scale, as head calls it."""
    before: Annotated[float | None, Field(ge=0, le=100)] = None
    """Base's evidence under base's criteria; null where base has no such model or profile."""
    after: Annotated[float | None, Field(ge=0, le=100)] = None
    """Head's evidence under head's criteria; null where head has no such model or profile."""
    on_base: Annotated[float | None, Field(ge=0, le=100)] = None
    """Head's evidence under base's criteria, weights, bindings and limits: no edit of YAML raises it."""


class Review(Frozen):
    """What a change means: from base to head, both read from git.

    Units: percentages from 0 to 100. Lines count from 1.
    Source: `schemas/review.schema.json`, which is made from this record.
    """

    base: str
    """The revision that is compared with, as it was asked for."""
    head: str
    """The revision that is reviewed, `the index` or `the working tree`."""
    base_commit: str
    """Its commit."""
    head_commit: str | None = None
    """Its commit; null for what is not committed."""
    base_version: str | None = None
    """Version of the spec there: the fold of its amendments; null without a spec."""
    head_version: str | None = None
    """The same on head's side."""
    required_bump: Bump = "none"
    """The largest step that a change demands."""
    declared_bump: Bump = "none"
    """The step from base's version to head's."""
    changes: tuple[Change, ...] = ()
    """Heaviest first."""
    ship_percent: tuple[ShipPercent, ...] = ()
    """What each side has earned, a line for each model at each profile but those of falsification."""
    waivers: tuple[Waiver, ...] = ()
    """Exceptions on head's side, changed or not: no percentage counts them."""
    unnamed: tuple[str, ...] = ()
    """Ids of what demands a major step and that no new amendment names."""

    @property
    def declared(self) -> bool:
        """Whether amendments ask for as large a step as the changes demand, and name what has to be named."""
        return BUMPS.index(self.declared_bump) >= BUMPS.index(self.required_bump) and not self.unnamed
