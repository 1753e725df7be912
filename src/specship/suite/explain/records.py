"""What `specship explain` knows, as records: every face prints these and nothing else."""

from __future__ import annotations

from typing import Literal

from specship.contracts.records import Frozen
from specship.status.report import GateReport, ModelReport


class Limit(Frozen):
    """One limit in force, and where it comes from."""

    quantity: str
    limit: str
    """With its unit."""
    origin: str
    """File, line and column of the text that sets it."""
    reason: str = ""
    """Why the profile sets another one than the contract."""
    instead_of: str = ""
    """The contract's own limit, where a profile sets another one."""


class ProbeFound(Frozen):
    """A probe as its file describes it."""

    kind: Literal["probe"] = "probe"
    name: str
    measures: str
    """First sentence of its text."""
    text: str
    artifacts: tuple[str, ...]
    quantities: dict[str, str]
    """Unit of each quantity."""
    checked: str
    """The quantity that says how much was looked at."""
    file: str
    gates: tuple[str, ...]
    """Gates that name it."""


class FaultFound(Frozen):
    """A fault: a defect that must make the gates fail that name it."""

    kind: Literal["fault"] = "fault"
    name: str
    sentence: str
    file: str
    """Empty for one that comes with specship."""
    gates: tuple[str, ...]


class GateAtProfile(Frozen):
    """One gate at one profile: the limits in force, the last evidence, and what would mend it."""

    profile: str
    kind: Literal["rehearsal", "release", "falsification"]
    limits: tuple[Limit, ...]
    dropped: tuple[Limit, ...]
    """Limits of the contract that do not apply at this profile."""
    requires: str
    """`cuda`, or empty."""
    requires_origin: str
    not_judged: str
    """Why the profile judges none of its criteria; empty when it does."""
    standing: GateReport | None
    """None for a gate that speaks for no criterion."""
    mend: tuple[str, ...]


class GateFound(Frozen):
    """Everything about one gate."""

    kind: Literal["gate"] = "gate"
    id: str
    rule: str
    place: str
    contract: str
    stage: str
    model: str
    blocking: bool
    armed: bool
    criteria: dict[str, str]
    """Statement of each criterion it speaks for."""
    probe: ProbeFound | None
    faults: dict[str, str]
    """Each fault that must make it fail, in one sentence."""
    profiles: tuple[GateAtProfile, ...]
    problems: tuple[str, ...] = ()


class CriterionAtProfile(Frozen):
    """One criterion at one profile."""

    profile: str
    kind: Literal["rehearsal", "release", "falsification"]
    status: str
    reasons: tuple[str, ...]
    depends_on: dict[str, str]
    """Status of each criterion it waits for."""
    gates: tuple[GateReport, ...]
    mend: tuple[str, ...]


class CriterionFound(Frozen):
    """Everything about one criterion."""

    kind: Literal["criterion"] = "criterion"
    id: str
    model: str
    statement: str
    weight: int
    because: str
    place: str
    profiles: tuple[CriterionAtProfile, ...]
    problems: tuple[str, ...] = ()


class CodeFound(Frozen):
    """A code of a fault or finding."""

    kind: Literal["code"] = "code"
    code: str
    name: str
    why: str
    bad: str
    good: str
    silence: str
    """How to silence it, or that nothing does."""


class ModelFound(Frozen):
    """One model, at every profile."""

    kind: Literal["model"] = "model"
    id: str
    title: str
    reports: tuple[ModelReport, ...]
    problems: tuple[str, ...] = ()


class NamesFound(Frozen):
    """A list of names, each with what it stands for."""

    kind: Literal["names"] = "names"
    of: str
    names: dict[str, str]


Found = GateFound | CriterionFound | ModelFound | ProbeFound | FaultFound | CodeFound | NamesFound
