"""The shape of what status says: every face prints this record and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from specship.contracts.records import Frozen
from specship.evidence.keys.keyring import KeyRing
from specship.evidence.signing import key_id
from specship.status.exhibits import Exhibits
from specship.units import Quantity


class Standing(StrEnum):
    """The status of a criterion. Only DISCHARGED counts."""

    DISCHARGED = "DISCHARGED"
    """Every blocking gate passes on fresh evidence, and its limits were seen to fail."""
    FAILED = "FAILED"
    """A blocking gate fails, could not be measured, or gave two answers for the same bytes."""
    STALE = "STALE"
    """Evidence exists, and it is about another limit, probe, setting or other bytes."""
    BLOCKED = "BLOCKED"
    """A requirement, an upstream artifact or a criterion it depends on is missing."""
    OPEN = "OPEN"
    """Nobody can say yet: no evidence, a gate without a probe, or one that was never seen to fail."""
    NOT_JUDGED = "NOT_JUDGED"
    """This profile cannot judge it and says why; it is not in the percentage."""


class Noise(Frozen):
    """How far a quantity moves from one healthy way to run the pipeline to the next."""

    deviation: Annotated[float, Field(ge=0)]
    """Standard deviation, in the unit of the value; 0 where it was the same every time."""
    figures: int
    """Healthy variants that it was measured on."""
    profile: str
    """The scale at which they were run."""


class Measured(Frozen):
    """One measured quantity against its limit."""

    quantity: Annotated[str, Field(description="Name of the quantity")]
    value: int | float | str | bool | None
    """What was measured; null when nothing could be."""
    unit: str
    """The unit of value and limit."""
    limit: Annotated[str, Field(description="The limit in force at this profile, with its unit")]
    holds: bool
    """Whether the value meets the limit."""
    beside: int | float | None = None
    """What a limit with a confidence is judged with: the standard error, or the number of samples."""
    beside_unit: str = ""
    """Its unit."""
    interval: str = ""
    """For people: between what the value lies, `0.26 … 0.38 at 95 %`; empty where the limit asks for none."""
    interval_low: float | None = None
    """The lower end of that interval, in the unit of the value."""
    interval_high: float | None = None
    """Its upper end."""
    least: int | float | None = None
    """Smallest value that the limit lets pass; null where it sets none, or compares no numbers."""
    most: int | float | None = None
    """Largest value that the limit lets pass; null likewise. Both are equal where it asks for one value."""
    own_noise: str = ""
    """For people: what its own measurement says of its noise, `± 0.012 standard error`; else empty."""
    noise: Noise | None = None
    """As it was rehearsed on healthy variants; null where nobody did."""

    @property
    def figure(self) -> Quantity:
        """The value with its unit."""
        return Quantity(self.value, self.unit)

    @property
    def known_by(self) -> Quantity | None:
        """What its interval is known by."""
        return None if self.beside is None else Quantity(self.beside, self.beside_unit)


class SignerReport(Frozen):
    """A key that signed something, as the project knows it."""

    key_id: Annotated[str, Field(description="`sha256:` and the digest of the public key")]
    owner: str
    """Who answers for it, as the settings say; what it is, where they say nothing."""
    purposes: tuple[str, ...] = ()
    """What the project trusts it with."""


def signer_reports(signers: Iterable[bytes], ring: KeyRing) -> tuple[SignerReport, ...]:
    """Who signed something, by key id."""
    found = (
        SignerReport(key_id=f"sha256:{key_id(key)}", owner=ring.owner_of(key), purposes=ring.purposes_of(key))
        for key in signers
    )
    return tuple(sorted(found, key=lambda one: one.key_id))


class LimitReport(Frozen):
    """Whether one limit in force was seen to fail: a limit that never did proves nothing."""

    quantity: Annotated[str, Field(description="Name of the quantity")]
    seen: Literal["seen", "excused", "unseen"]
    """`seen` to fail on a fault; `excused` where the contract says why none can break it; else `unseen`."""
    why: str = ""
    """Why no fault can break it, in the contract's words."""
    faults: tuple[str, ...] = ()
    """Names of the faults that it was seen to fail on."""


class GateReport(Frozen):
    """What is known of one gate."""

    id: str
    """Id of the gate."""
    contract: str
    """Path of its contract within the project."""
    rule: str
    """What must be true, in words."""
    blocking: bool
    """Whether its criteria wait for it."""
    verdict: Literal["PASS", "FAIL", "ERROR", "BLOCKED", "UNBOUND"] | None
    """None where there is no evidence yet."""
    reason: str
    """Why the verdict is what it is, in words."""
    armed: Annotated[bool, Field(description="Whether each limit that a fault can break was seen to fail")]
    unarmed: Annotated[str, Field(description="Why it is not armed; empty when it is")] = ""
    limits: tuple[LimitReport, ...] = ()
    """Each limit in force, and whether it was seen to fail."""
    fresh: bool
    """Whether the evidence is about the limit, probe, settings and bytes of today."""
    checked: Annotated[str, Field(description="How much was looked at")]
    measured: tuple[Measured, ...] = ()
    """Each expected quantity against its limit."""
    notes: tuple[str, ...] = ()
    """What the probe had to say beside its figures."""
    cautions: tuple[str, ...] = ()
    """What else the ledger holds of it: attempts before this one that came to no figure."""
    bypasses: tuple[str, ...] = ()
    """What was relaxed while it was measured, or let into the process that measured."""
    evidence: Annotated[str | None, Field(description="Digest of the statement")] = None
    signers: Annotated[
        tuple[SignerReport, ...], Field(description="Keys known here that signed the statement")
    ] = ()
    seconds: Annotated[float, Field(description="Wall time of the measurement")] = 0.0
    ended: Annotated[str | None, Field(description="When the measurement ended, ISO 8601")] = None
    cached: Annotated[bool, Field(description="Whether it was measured before this session")] = True
    fingerprint: Annotated[
        str, Field(description="What fails, as a waiver names it; empty when nothing does")
    ] = ""


class CriterionReport(Frozen):
    """What is known of one criterion."""

    id: str
    """Id of the criterion."""
    statement: str
    """What must be true."""
    status: Standing
    """Whether it is; computed from the gates alone."""
    weight: int
    """Its share of the model's ship-%, in percent."""
    reasons: tuple[str, ...]
    """What stands between it and DISCHARGED, in words."""
    gates: tuple[GateReport, ...]
    """The gates that speak for it."""


class ModelReport(Frozen):
    """One model at one profile."""

    model: str
    """Id of the model."""
    profile: str
    """The scale it was judged at."""
    kind: Literal["rehearsal", "release", "falsification"]
    """Only a release ships a model."""
    ship_percent: Annotated[float, Field(ge=0, le=100, description="Weight of what is DISCHARGED")]
    ceiling_percent: Annotated[float, Field(ge=0, le=100, description="Reachable on this machine today")]
    criteria: tuple[CriterionReport, ...]
    """Every criterion of the model."""


class StageReport(Frozen):
    """One stage of the pipeline in this session."""

    stage: str
    """Name of the stage, and of the artifact that it makes."""
    model: str
    """Id of the model."""
    seconds: float
    """Wall time of the stage in this session."""
    cached: bool
    """Whether its artifact was there already."""
    path: str
    """Where the artifact lies, within the project."""
    why: Annotated[str, Field(description="Why it ran, or why it did not have to")]


WaiverState = Literal["in force", "waiting", "unused", "too broad", "expired"]


class WaiverReport(Frozen):
    """A waiver as it stands today. It is never a pass, and in no percentage."""

    gate: str
    """Id of the gate that it speaks of."""
    fingerprint: str
    """Of the failure that it speaks of."""
    profile: Annotated[
        str | None, Field(description="The scale at which the gate fails so; null where it does not")
    ]
    state: WaiverState
    """`waiting` where nothing fresh is known of its gate; `unused` where it passes, or fails otherwise."""
    owner: str
    """Who answers for it."""
    reason: str
    """Why the failure can be borne for now."""
    issue: str
    """Where the mending is followed."""
    expires: str
    """Its last day, ISO 8601, UTC."""
    days_left: Annotated[int, Field(ge=0, description="Days until its last one")]
    path: str
    """Its file within the project."""
    line: int
    """Where its gate stands there."""


class Report(Frozen):
    """Everything a session or `specship status` knows.

    Units: percentages from 0 to 100, seconds of wall time, ages by ISO 8601 moments.
    Source: `schemas/report.schema.json`, which is made from this record.
    """

    spec: str
    """Id of the spec."""
    version: str
    """Version of the spec: the fold of its amendments."""
    models: tuple[ModelReport, ...]
    """Each model at each profile that was asked for."""
    stages: tuple[StageReport, ...] = ()
    """The stages that this session looked at."""
    waivers: tuple[WaiverReport, ...] = ()
    """Exceptions of the project, those in force first; none of them is in a percentage."""
    problems: tuple[str, ...] = ()
    """What is wrong with the ledger or the artifacts, in words."""
    exhibits: Exhibits | None = None
    """What lies behind it: histories, curves, stages, outcomes; null where nobody asked for them."""
