"""The records of a spec and its profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from specship.contracts.expectation import Complaint, Expectation
from specship.contracts.records import CriterionId, Frozen, GateId, ModelId, Prose, Requires, Semver, Slug
from specship.digests import sha256_bytes

BORROWED: Final = "borrowed"
"""The section of a model's settings that no stage reads: see `Borrowed`."""
Named = Annotated[str, Field(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$")]
"""What a stage, an artifact or a section of settings is called."""
RecommendationId = Annotated[str, Field(pattern=r"^REC-[A-Z0-9]+(-[A-Z0-9]+)*$")]
Hours = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Effort(Frozen):
    """What it is believed to take; a prediction that will be scored."""

    gpu_hours: Hours
    """Hours on the release device, from the first run to the last."""
    person_hours: Hours
    """Hours of attention, machines waiting apart."""


class Criterion(Frozen):
    """An acceptance criterion. There is no field for its status: that is computed."""

    id: CriterionId
    """Such as `AC-SHIP2-003`; gates bind to it."""
    statement: Prose
    """What must be true, without figures: those stand in the contracts."""
    weight: Annotated[int, Field(ge=1, le=100)]
    """Its share of the model's ship-%, in percent."""
    because: Prose
    """Why it weighs that much: what a user loses when it is not met."""
    depends_on: tuple[CriterionId, ...] = ()
    """Criteria of the same model that must be discharged first."""
    effort: Effort
    """What it is believed to take."""


class Model(Frozen):
    """What ships: its criteria weigh 100 together."""

    id: ModelId
    """Such as `MODEL-2`."""
    title: Prose
    """What the model is, in one line."""
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    """What must be true of it before it ships; the weights add up to 100."""

    @model_validator(mode="after")
    def _weights_add_up(self) -> Self:
        total = sum(criterion.weight for criterion in self.criteria)
        if total != 100:
            text = f"the weights of {self.id} add up to {total}, not to 100"
            mend = f"take {total - 100} away" if total > 100 else f"give {100 - total} more"
            raise Complaint("SHIP212", text, mend).as_error()
        return self


class Spec(Frozen):
    """Models and their acceptance criteria. The version is not here: it is the fold of amendments."""

    spec_id: Annotated[str, Field(pattern=r"^SPEC-[A-Z0-9]+(-[A-Z0-9]+)*$")]
    """Such as `SPEC-SHIP-TWO-001`; it never changes."""
    title: Prose
    """What the spec is about, in one line."""
    models: tuple[Model, ...] = Field(min_length=1)
    """What ships; each model has criteria and a ship-% of its own."""

    def model_of(self, criterion_id: str) -> Model | None:
        """The model that a criterion belongs to."""
        return next(
            (model for model in self.models if any(c.id == criterion_id for c in model.criteria)), None
        )


FALSIFICATION: Final = "falsification"
"""Kind of the profile at which gates are seen to fail; it is in no report of what ships."""


class Override(Frozen):
    """What a profile asks of one gate instead of the contract, and why."""

    reason: Prose
    """Why this scale needs another limit, and the figure that the limit was taken from."""
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


class Borrowed(Frozen):
    """Artifacts that a model takes as another model's stages made them, at the same profile."""

    model: ModelId
    """Whose they are; it borrows nothing itself."""
    artifacts: tuple[Named, ...] = Field(min_length=1)
    """Such as `corpus`: each is the other model's, bytes and line of descent."""


class Profile(Frozen):
    """A named scale: pipeline settings, and what differs from the contracts at that scale."""

    profile: Slug
    """Its name, and that of its file: `rehearsal` stands in `rehearsal.yaml`."""
    kind: Literal["rehearsal", "release", "falsification"]
    """A rehearsal proves the pipeline and never ships a model; at a falsification gates are seen to fail."""
    summary: Prose
    """One sentence: what this scale is for."""
    pipeline: dict[ModelId, dict[Named, dict[str, Any]]] = {}
    """Settings by model and section; checked by the stages that read them."""
    overrides: dict[GateId, Override] = {}
    """What is asked of a gate here instead of what its contract says, by gate id; only in a rehearsal."""
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

    def lenders_of(self, model: str) -> Mapping[str, str]:
        """The model that makes each artifact which a model borrows."""
        section = self.settings_of(model).get(BORROWED)
        if section is None:
            return {}
        borrowed = Borrowed.model_validate(section, strict=False)
        return dict.fromkeys(borrowed.artifacts, borrowed.model)


class AmendedItem(Frozen):
    """One thing an amendment changes."""

    id: Prose
    """A criterion, gate, profile or model."""
    what: Prose
    """What is different from now on."""


class AuditOrigin(Frozen):
    """The audit from outside that a recommendation comes from."""

    audit: Prose
    """Name of the audit's file."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Digest of its bytes, so that another edition is another audit."""
    place: Prose
    """Where in it the finding stands, such as `line 12`."""


class Recommendation(Frozen):
    """Advice that outlives the amendment that gave it."""

    id: RecommendationId | None = None
    """By which a later amendment closes it; `specship amend` gives it out."""
    what: Prose
    """The advice."""
    state: Literal["OPEN", "RESOLVED", "SUPERSEDED"]
    """Whether somebody still has to act on it."""
    pointer: Prose | None = None
    """What resolved or superseded it: a gate, a statement of the ledger, or an amendment's file."""
    binds_to: tuple[CriterionId | GateId, ...] = ()
    """The criteria and gates that show whether it was followed; without one a statement has to be named."""
    effort: Effort | None = None
    """What it is believed to take, beside the effort of its criteria."""
    origin: AuditOrigin | None = None
    """The audit that it comes from; null for advice of the project's own."""

    @property
    def identity(self) -> str:
        """Its id; advice that was written without one is known by its text."""
        return self.id or recommendation_id(self.what)

    @model_validator(mode="after")
    def _an_end_has_a_pointer(self) -> Self:
        if self.state != "OPEN" and not self.pointer:
            raise ValueError(f"a recommendation that is {self.state} points to what made it so")
        return self


def recommendation_id(what: str) -> str:
    """The id of advice, from its text: two branches that give the same advice give one id."""
    return f"REC-{sha256_bytes(what.encode())[:8].upper()}"


class Amendment(Frozen):
    """One file that changes a spec, and the version bump it asks for."""

    bump: Literal["major", "minor", "patch"]
    """What the change does to the version of the spec."""
    after: Semver
    """The version its writer saw."""
    why: Prose
    """What made the change necessary."""
    changes: tuple[AmendedItem, ...] = Field(min_length=1)
    """What it changes, at least one thing."""
    five_whys: tuple[Prose, ...] = ()
    """The chain of causes behind it, from the symptom down."""
    lessons: tuple[Prose, ...] = ()
    """What to remember next time."""
    recommendations: tuple[Recommendation, ...] = ()
    """Advice to whoever works on the spec after this."""
