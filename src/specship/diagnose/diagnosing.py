"""Every cause examined on the facts of a run, and the findings ranked.

Order: findings that say the records themselves cannot be believed come first, since every other figure
rests on those records; then by confidence; a symptom of a cause that was found stands behind all causes.
The class of the first one binds. What was seen with less than `FLOOR` confidence is a remark and binds
nothing. A run is healthy when nothing was found, every cause that bears on this kind of run could be
examined, no record is damaged, and the run ended; otherwise nobody can tell, and the answer says which
records are missing.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from specship.diagnose.finding import Cause, CauseFinding, NotExamined, RootCause
from specship.discovery import Folder, one_each
from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.records import in_words, never_held

CAUSES: Final = Folder("specship.diagnose.causes")
HEALTHY: Final = "healthy"
UNKNOWN: Final = "unknown"
FLOOR: Final = 0.1
"""Least confidence of a finding that binds: below it the figures are within a tenth of what is sound."""
_BELIEVED: Final = 0.5
"""Least confidence at which a doubt about the records outranks what the records say."""


@dataclass(frozen=True, slots=True)
class RankedClass:
    """A root-cause class that something was found in; rank 1 binds."""

    rank: int
    root: RootCause
    findings: tuple[CauseFinding, ...]
    """Strongest first."""

    @property
    def strongest(self) -> CauseFinding:
        """The finding that gives the class its rank."""
        return self.findings[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What binds a run, and on what grounds.

    Units: as each figure says; `binding` is the name of a root-cause class, `healthy` or `unknown`.
    Source: decisions 0019 and 0020.
    """

    run: str
    facts: Facts
    findings: tuple[CauseFinding, ...]
    """Most important first."""
    remarks: tuple[CauseFinding, ...] = ()
    """What was seen with too little confidence to bind anything."""
    missing: Mapping[str, tuple[str, ...]]
    """Causes that could not be examined, with the facts that the records do not hold."""
    examined: tuple[str, ...]
    inapplicable: Mapping[str, str] = field(default_factory=dict)
    """Causes whose question does not arise for this run, and why not."""
    notes: tuple[str, ...] = ()

    @property
    def binding(self) -> str:
        """A root-cause class, `healthy` or `unknown`."""
        if self.findings:
            return self.findings[0].cause.root.value
        return UNKNOWN if self.missing or self.open_ends else HEALTHY

    @property
    def open_ends(self) -> tuple[str, ...]:
        """Why a run in which nothing was found may be sick all the same, missing causes apart."""
        return (*self.facts.damage, *self.facts.lost, *_without_end(self.facts))

    @property
    def classes(self) -> tuple[RankedClass, ...]:
        """The classes in the order in which they bind, each by its strongest finding."""
        found: dict[RootCause, list[CauseFinding]] = {}
        for finding in self.findings:
            found.setdefault(finding.cause.root, []).append(finding)
        return tuple(
            RankedClass(rank, root, tuple(findings))
            for rank, (root, findings) in enumerate(found.items(), start=1)
        )


def _without_end(facts: Facts) -> Iterator[str]:
    """Nothing where the run ended, or was preempted: it said so, and goes on by the same command."""
    last = facts.steps[-1].step if facts.steps else 0
    planned = f" of {facts.planned_steps}" if facts.planned_steps else ""
    if facts.finished is False and facts.status != "preempted":
        yield f"the run has not ended by its record (step {last}{planned}): it goes on, or it was killed"
    elif facts.finished is None:
        yield f"whether the run ended is not on record (step {last}{planned})"


@functools.cache
def all_causes() -> Mapping[str, Cause]:
    """Every cause by name."""
    return dict(sorted(one_each("causes", CAUSES.members("CAUSE"), lambda cause: cause.name).items()))


def diagnose(run: str, facts: Facts, notes: tuple[str, ...] = ()) -> Diagnosis:
    """Examine every cause whose records are there."""
    findings: list[CauseFinding] = []
    missing: dict[str, tuple[str, ...]] = {}
    inapplicable: dict[str, str] = {}
    examined: list[str] = []
    for name, cause in all_causes().items():
        absent = tuple(need for need in cause.needs if _absent(facts, need))
        if never := [need for need in absent if never_held(need, facts.kind)]:
            held = ", ".join(in_words(need, facts.kind) for need in never)
            inapplicable[name] = f"a {facts.kind} has no place for it: {held}"
            continue
        if absent:
            missing[name] = absent
            continue
        observed = cause.examine(facts)
        if isinstance(observed, NotExamined):
            if observed.missing:
                missing[name] = observed.missing
            else:
                inapplicable[name] = observed.because
            continue
        examined.append(name)
        if observed is not None:
            findings.append(CauseFinding(cause, observed))
    binding = {one.cause.name for one in findings if one.observed.confidence >= FLOOR}
    findings.sort(key=lambda one: (not binding.isdisjoint(one.cause.symptom_of), *_order(one)))
    return Diagnosis(
        run=run,
        facts=facts,
        findings=tuple(one for one in findings if one.observed.confidence >= FLOOR),
        remarks=tuple(one for one in findings if not one.observed.confidence >= FLOOR),
        missing=missing,
        examined=tuple(examined),
        inapplicable=inapplicable,
        notes=notes,
    )


def _absent(facts: Facts, need: str) -> bool:
    """A need is a fact, or `steps.lr`: at least one record of a series must hold that figure."""
    series, _, name = need.partition(".")
    value = getattr(facts, series)
    if value is None or (isinstance(value, list | tuple) and not value and series != "events"):
        return True
    return bool(name) and all(getattr(record, name) is None for record in value)


def _order(finding: CauseFinding) -> tuple[bool, float, str]:
    confidence = finding.observed.confidence
    confidence = 0.0 if math.isnan(confidence) else confidence
    first = finding.cause.root is RootCause.INFRASTRUCTURE and confidence >= _BELIEVED
    return not first, -confidence, finding.cause.name
