"""The shape of a backlog: what `specship next` prints."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, RootModel

from specship.contracts.records import Frozen


class Hours(Frozen):
    """What something takes, in hours."""

    gpu_hours: Annotated[float, Field(ge=0)] = 0.0
    """Hours on the device."""
    person_hours: Annotated[float, Field(ge=0)] = 0.0
    """Hours of attention."""

    @property
    def total(self) -> float:
        """Both together: an hour is an hour."""
        return self.gpu_hours + self.person_hours

    def __add__(self, other: Hours) -> Hours:
        return Hours(
            gpu_hours=self.gpu_hours + other.gpu_hours, person_hours=self.person_hours + other.person_hours
        )


class Cost(Frozen):
    """What one criterion is believed to take."""

    hours: Hours
    measured: bool = False
    """Whether the hours of the device are wall times of the ledger; those of people are always estimates."""


class BacklogItem(Frozen):
    """One open criterion or recommendation, with everything that it waits for."""

    id: str
    """Id of the criterion or recommendation."""
    kind: Literal["criterion", "recommendation"]
    """Which of the two."""
    model: str
    """The model whose ship-% it moves; empty for a recommendation that is bound to none, or to several."""
    statement: str
    """What must be true, or what was recommended."""
    status: str
    """Status of the criterion; OPEN for a recommendation."""
    ship_percent_gain: Annotated[float, Field(ge=0)]
    """Points of the ship-% when it and all of `blocked_by` are done."""
    effort: Hours
    """What it and all of `blocked_by` take together."""
    gain_per_effort: float | None
    """Points an hour, of device and people together; null where no effort is left."""
    blocked_by: tuple[str, ...]
    """Open criteria that come first, in an order in which they can be done."""
    unblocks: tuple[str, ...]
    """Open criteria that wait for it, directly or around."""
    gain_alone: Annotated[float, Field(ge=0)]
    """Points when it alone is done: nothing, while something comes first."""
    own_effort: Hours
    """What it takes itself."""
    effort_source: Literal["measured", "estimate"]
    """Whether the hours of the device are wall times that were measured, or the estimate of the spec."""
    reachable: bool
    """Whether this machine can do it."""
    unreachable: str = ""
    """What this machine lacks for it; empty where it can."""
    step: int | None = None
    """Its place in the order of work that gains most for each hour, from 1; null for what has none."""
    planned: bool | None = None
    """Whether it is in the best plan within the hours that were given; null where none were."""


class BacklogItems(RootModel[tuple[BacklogItem, ...]]):
    """What `specship next --format json` prints: open work, most ship-% for each hour first.

    Units: percentage points from 0 to 100, hours. Source: `schemas/next.schema.json`.
    """


class BudgetPlan(Frozen):
    """The work that gains most within some hours."""

    ids: tuple[str, ...]
    """Criteria in an order in which they can be done."""
    ship_percent_gain: float
    """Points of the ship-%, summed over models."""
    effort: Hours
    exact: bool
    """Whether every possible plan was weighed; else it was found greedily, and a better one may exist."""


class Scored(Frozen):
    """An estimate of the spec against what was measured once the work was done."""

    id: str
    estimated_gpu_hours: float
    measured_gpu_hours: float

    @property
    def factor(self) -> float | None:
        """How many times the estimate it took; None where nothing was estimated."""
        return self.measured_gpu_hours / self.estimated_gpu_hours if self.estimated_gpu_hours else None


class BacklogModel(Frozen):
    """How far one model can come."""

    model: str
    ship_percent: float
    """Today."""
    ceiling_percent: float
    """If all that this machine can do were done."""


class Backlog(Frozen):
    """Open work at one profile, ranked."""

    profile: str
    models: tuple[BacklogModel, ...]
    items: tuple[BacklogItem, ...]
    scored: tuple[Scored, ...] = ()
    """Estimates of criteria that are done, against what was measured."""
    exact: bool = True
    """Whether the order of work weighed every set of criteria that can be done together."""
    plan: BudgetPlan | None = None
    """What fits the hours that were given."""
