"""The records of a contract: what a YAML file says, frozen and typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from specship.contracts.expectation import Complaint, Expectation

GateId = Annotated[str, Field(pattern=r"^GATE-[A-Z0-9]+(-[A-Z0-9]+)*$")]
CriterionId = Annotated[str, Field(pattern=r"^AC-[A-Z0-9]+(-[A-Z0-9]+)*$")]
ModelId = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)*$")]
SLUG_PATTERN: Final = r"^[a-z0-9]+(-[a-z0-9]+)*$"
SEMVER_PATTERN: Final = r"^(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){2}$"
Slug = Annotated[str, Field(pattern=SLUG_PATTERN)]
Semver = Annotated[str, Field(pattern=SEMVER_PATTERN)]
Prose = Annotated[str, Field(min_length=1)]


def _one_line(text: str) -> str:
    if "\n" in text.strip():
        raise Complaint("SHIP205", "the reason takes more than one line", "say it in one sentence").as_error()
    return text


OneLine = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]

Lifecycle = Literal[
    "corpus", "tokenizer", "train", "checkpoint", "inference", "export", "eval", "publish", "process"
]


class Frozen(BaseModel):
    """Base of every record: immutable, unknown keys refused.

    The text under each field is for people and for schemas, which read it from the source: to keep it in
    every process would take a sixth of the time in which a verb starts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


class Requires(Frozen):
    """What must be present for a gate to be judged at all; absence is BLOCKED, never PASS."""

    device: Literal["cuda"] | None = None
    """The kind of device the evidence must come from."""


class Reference(Frozen):
    """A source, and the gates it supports."""

    id: Prose
    """Such as `arXiv:2203.15556`."""
    supports: tuple[GateId, ...]
    """The gates of this contract that rest on it."""


class Gate(Frozen):
    """One checkable rule."""

    id: GateId
    """Such as `GATE-TRAIN-003`; it names one rule across all contracts, and is never used again."""
    rule: Prose
    """What must be true, in words; the numbers stand in `expect`."""
    binds_to: tuple[CriterionId, ...] = ()
    """The criteria it speaks for, all of one model; without one it can be read and never counts."""
    ship_blocking: bool
    """Whether its criteria wait for it; an advisory gate is shown and never counted."""
    probe: str | None = None
    """Who measures; without a probe the gate is UNBOUND and worth nothing."""
    expect: dict[str, Expectation] = {}
    """The limit on each quantity of the probe, by its name: `val_loss: {at_most: 2.2, unit: nats/token}`."""
    requires: Requires = Requires()
    """What the machine must have; without it the gate is BLOCKED."""
    falsified_by: dict[Slug, Annotated[tuple[Prose, ...], Field(min_length=1)]] | tuple[Slug, ...] = ()
    """Faults that must make it fail, each with the quantities that then fail: `frozen-weights: [unmoved]`.

    A list of names predicts nothing yet, and is for gates that nobody can measure.
    """
    unfalsified: dict[str, OneLine] = {}
    """Limits that no fault can break, each with the reason in one line; all others are to be seen failing."""
    proposed: tuple[Prose, ...] = ()
    """Quantities whose limit a tool took from a measurement; whoever means it takes the name out."""
    source: Prose | None = None
    """Where the rule was taken from, when it was converted from another document: file and lines."""

    @property
    def faults(self) -> Mapping[str, tuple[str, ...]]:
        """The faults by name, and the quantities that each must make fail."""
        given = self.falsified_by
        return given if isinstance(given, dict) else dict.fromkeys(given, ())

    @property
    def predicted(self) -> frozenset[str]:
        """The quantities that some fault must make fail."""
        return frozenset(quantity for fails in self.faults.values() for quantity in fails)

    @property
    def unpredicted(self) -> tuple[str, ...]:
        """The quantities whose limits no fault must break, and of which nobody says why none can."""
        return tuple(
            quantity for quantity in self.expect if quantity not in self.predicted | self.unfalsified.keys()
        )

    @model_validator(mode="after")
    def _probe_and_expectation_belong_together(self) -> Self:
        for complaint in gate_complaints({"id": self.id, "probe": self.probe, "expect": self.expect}):
            raise complaint.as_error()
        return self


def gate_complaints(given: Mapping[str, Any]) -> Iterator[Complaint]:
    """What is wrong with a gate as a whole, from its keys and values as written."""
    if given.get("probe") and not given.get("expect"):
        yield Complaint(
            "SHIP206", f"{given.get('id')} names a probe and expects nothing of it", "write `expect:`"
        )
    if given.get("expect") and not given.get("probe"):
        yield Complaint(
            "SHIP206",
            f"{given.get('id')} expects figures and names no probe to measure them",
            "write `probe:`",
        )


class Contract(Frozen):
    """A versioned set of gates about one part of the lifecycle."""

    contract_id: Slug
    """Its name in lower case with dashes; the file is called `ID-vMAJOR.yaml`."""
    version: Semver
    """Semantic version, such as `1.0.0`; the major number is part of the file name."""
    stage: Lifecycle
    """The part of the lifecycle that its gates look at."""
    summary: Prose
    """One sentence: what the gates say together."""
    references: tuple[Reference, ...] = ()
    """Papers and specifications that the gates rest on."""
    gates: tuple[Gate, ...] = Field(min_length=1)
    """The rules, at least one."""

    @property
    def file_name(self) -> str:
        """The name its file must have: id and major version."""
        return f"{self.contract_id}-v{self.version.split('.', 1)[0]}.yaml"
