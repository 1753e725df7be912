"""The records of a spec and its profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from specship.contracts.expectation import Complaint, Expectation
from specship.contracts.records import CriterionId, Frozen, GateId, ModelId, Prose, Requires, Semver, Slug

Hours = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Effort(Frozen):
    """What it is believed to take; a prediction that will be scored."""

    gpu_hours: Hours
    person_hours: Hours


class Criterion(Frozen):
    """An acceptance criterion. There is no field for its status: that is computed."""

    id: CriterionId
    statement: Prose
    """What must be true, without figures: those stand in the contracts."""
    weight: Annotated[int, Field(ge=1, le=100)]
    """Its share of the model's ship-%, in percent."""
    because: Prose
    """Why it weighs that much: what a user loses when it is not met."""
    depends_on: tuple[CriterionId, ...] = ()
    effort: Effort


class Model(Frozen):
    """What ships: its criteria weigh 100 together."""

    id: ModelId
    title: Prose
    criteria: tuple[Criterion, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _weights_add_up(self) -> Self:
        total = sum(criterion.weight for criterion in self.criteria)
        if total != 100:
            text = f"the weights of {self.id} add up to {total}, not to 100"
            raise Complaint("SHIP212", text, f"share out {abs(100 - total)} more or less").as_error()
        return self


class Spec(Frozen):
    """Models and their acceptance criteria. The version is not here: it is the fold of amendments."""

    spec_id: Annotated[str, Field(pattern=r"^SPEC-[A-Z0-9]+(-[A-Z0-9]+)*$")]
    title: Prose
    models: tuple[Model, ...] = Field(min_length=1)

    def model_of(self, criterion_id: str) -> Model | None:
        """The model that a criterion belongs to."""
        return next(
            (model for model in self.models if any(c.id == criterion_id for c in model.criteria)), None
        )


class Override(Frozen):
    """What a profile asks of one gate instead of the contract, and why."""

    reason: Prose
    expect: dict[str, Expectation] = {}
    """Limits that replace the contract's, quantity by quantity."""
    drop: tuple[str, ...] = ()
    """Quantities whose limit does not apply at this scale."""
    requires: Requires | None = None
    """Requirements that replace the contract's."""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.expect and not self.drop and self.requires is None:
            raise ValueError("the override changes nothing")
        return self


class Profile(Frozen):
    """A named scale: pipeline settings, and what differs from the contracts at that scale."""

    profile: Slug
    kind: Literal["rehearsal", "release"]
    """A rehearsal proves the pipeline and never ships a model."""
    summary: Prose
    pipeline: dict[ModelId, dict[Slug, dict[str, Any]]] = {}
    """Settings by model and section; checked by the stages that read them."""
    overrides: dict[GateId, Override] = {}
    not_judged: dict[CriterionId, Prose] = {}
    """Criteria this scale cannot judge, with the reason; they are not in its percentage."""
    oldest_evidence_days: Annotated[int, Field(ge=1)] | None = None
    """Evidence older than this is stale; null sets no limit."""

    @model_validator(mode="after")
    def _a_release_bends_nothing(self) -> Self:
        if self.kind == "release" and (self.overrides or self.not_judged):
            raise ValueError("a release profile overrides nothing and judges every criterion")
        return self

    def settings_of(self, model: str) -> Mapping[str, Mapping[str, Any]]:
        """Pipeline settings of a model by section; empty when the profile does not run it."""
        return self.pipeline.get(model, {})


class Change(Frozen):
    """One thing an amendment changes."""

    id: Prose
    """A criterion, gate, profile or model."""
    what: Prose


class Recommendation(Frozen):
    """Advice that outlives the amendment that gave it."""

    what: Prose
    state: Literal["OPEN", "RESOLVED", "SUPERSEDED"]
    pointer: str | None = None
    """What resolved or superseded it."""

    @model_validator(mode="after")
    def _an_end_has_a_pointer(self) -> Self:
        if self.state != "OPEN" and not self.pointer:
            raise ValueError(f"a recommendation that is {self.state} points to what made it so")
        return self


class Amendment(Frozen):
    """One file that changes a spec, and the version bump it asks for."""

    bump: Literal["major", "minor", "patch"]
    after: Semver
    """The version its writer saw."""
    why: Prose
    changes: tuple[Change, ...] = Field(min_length=1)
    five_whys: tuple[Prose, ...] = ()
    lessons: tuple[Prose, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
