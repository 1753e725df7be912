"""The shape of what status says: every face prints this record and nothing else."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from specship.contracts.records import Frozen


class Standing(StrEnum):
    """The status of a criterion. Only DISCHARGED counts."""

    DISCHARGED = "DISCHARGED"
    """Every blocking gate passes on fresh evidence."""
    FAILED = "FAILED"
    """A blocking gate fails, could not be measured, or gave two answers for the same bytes."""
    STALE = "STALE"
    """Evidence exists, and it is about another limit, probe, setting or other bytes."""
    BLOCKED = "BLOCKED"
    """A requirement, an upstream artifact or a criterion it depends on is missing."""
    OPEN = "OPEN"
    """Nobody can say yet: no evidence, or a gate without a probe."""
    NOT_JUDGED = "NOT_JUDGED"
    """This profile cannot judge it and says why; it is not in the percentage."""


class Measured(Frozen):
    """One measured quantity against its limit."""

    quantity: Annotated[str, Field(description="Name of the quantity")]
    value: int | float | str | bool | None
    unit: str
    limit: Annotated[str, Field(description="The limit in force at this profile, with its unit")]
    holds: bool


class GateReport(Frozen):
    """What is known of one gate."""

    id: str
    contract: str
    rule: str
    blocking: bool
    verdict: Literal["PASS", "FAIL", "ERROR", "BLOCKED", "UNBOUND"] | None
    """None where there is no evidence yet."""
    reason: str
    armed: Annotated[bool, Field(description="Whether each of its faults was seen to make it fail")]
    fresh: bool
    checked: Annotated[str, Field(description="How much was looked at")]
    measured: tuple[Measured, ...] = ()
    notes: tuple[str, ...] = ()
    evidence: Annotated[str | None, Field(description="Digest of the statement")] = None
    seconds: Annotated[float, Field(description="Wall time of the measurement")] = 0.0
    ended: Annotated[str | None, Field(description="When the measurement ended, ISO 8601")] = None
    cached: Annotated[bool, Field(description="Whether it was measured before this session")] = True


class CriterionReport(Frozen):
    """What is known of one criterion."""

    id: str
    statement: str
    status: Standing
    weight: int
    reasons: tuple[str, ...]
    gates: tuple[GateReport, ...]


class ModelReport(Frozen):
    """One model at one profile."""

    model: str
    profile: str
    kind: Literal["rehearsal", "release"]
    ship_percent: Annotated[float, Field(ge=0, le=100, description="Weight of what is DISCHARGED")]
    ceiling_percent: Annotated[float, Field(ge=0, le=100, description="Reachable on this machine today")]
    criteria: tuple[CriterionReport, ...]


class StageReport(Frozen):
    """One stage of the pipeline in this session."""

    stage: str
    model: str
    seconds: float
    cached: bool
    path: str
    why: Annotated[str, Field(description="Why it ran, or why it did not have to")]


class Report(Frozen):
    """Everything a session or `specship status` knows."""

    spec: str
    version: str
    models: tuple[ModelReport, ...]
    stages: tuple[StageReport, ...] = ()
    problems: tuple[str, ...] = ()
    """What is wrong with the ledger or the artifacts, in words."""
