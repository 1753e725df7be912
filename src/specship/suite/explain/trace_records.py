"""The matrix that `specship trace` prints, as records; its JSON keeps this shape.

    {"spec", "version", "profile",
     "rows": [{"model", "criterion", "weight", "status", "gate", "blocking", "place", "verdict", "fresh",
               "armed", "probe", "faults": [], "evidence", "ended", "limits": [{"quantity", "seen", "why"}]}],
     "orphans": [{"kind", "name", "place", "said"}],
     "problems": []}

Fields may be added; none is renamed or removed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from specship.contracts.records import Frozen
from specship.status.report import LimitReport

OrphanKind = Literal[
    "criterion-without-gate",
    "gate-without-criterion",
    "gate-without-fault",
    "gate-without-probe",
    "probe-without-gate",
    "fault-without-gate",
    "limit-without-fault",
    "evidence-without-gate",
]


class TraceRow(Frozen):
    """One criterion and one gate that speaks for it, at one profile."""

    model: str
    criterion: str
    weight: int
    status: str
    """Of the criterion."""
    gate: str
    blocking: bool
    place: str
    """File, line and column of the gate."""
    verdict: str | None
    fresh: bool
    armed: bool
    probe: str | None
    faults: tuple[str, ...]
    evidence: Annotated[str | None, Field(description="Digest of the newest statement")]
    ended: str | None
    """When that measurement ended, ISO 8601."""
    limits: tuple[LimitReport, ...] = ()
    """Each limit in force, and whether it was seen to fail."""


class Orphan(Frozen):
    """Something that nothing else refers to, or that refers to nothing."""

    kind: OrphanKind
    name: str
    """An id, a name, or the digest of a statement."""
    place: str
    """Where it is written; `specship` for what is shipped."""
    said: str


class Trace(Frozen):
    """Criteria, gates, probes, faults and evidence of a project, and whatever stands alone."""

    spec: str
    version: str
    profile: str
    rows: tuple[TraceRow, ...]
    orphans: tuple[Orphan, ...]
    problems: tuple[str, ...] = ()
    """What is wrong with the ledger or the artifacts, in words."""
