"""Every cause examined on the facts of a run, and the findings ranked.

Order: findings that say the records themselves cannot be believed come first, since every other figure
rests on those records; then by confidence. The class of the first one binds. A run is healthy when
nothing was found and every essential cause could be examined; where one could not, the answer is that
nobody can tell, and which records are missing.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from specship.diagnose.facts import Facts
from specship.diagnose.finding import Cause, Finding, NotExamined, RootCause

HEALTHY: Final = "healthy"
UNKNOWN: Final = "unknown"
_BELIEVED: Final = 0.5
"""Least confidence at which a doubt about the records outranks what the records say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What binds a run, and on what grounds."""

    run: str
    facts: Facts
    findings: tuple[Finding, ...]
    """Most important first."""
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
        causes = all_causes()
        return UNKNOWN if any(causes[name].essential for name in self.missing) else HEALTHY


@functools.cache
def all_causes() -> Mapping[str, Cause]:
    """Every cause by name."""
    package = importlib.import_module("specship.diagnose.causes")
    found = [
        importlib.import_module(f"{package.__name__}.{e.name}").CAUSE
        for e in pkgutil.iter_modules(package.__path__)
    ]
    return {cause.name: cause for cause in sorted(found, key=lambda cause: cause.name)}


def diagnose(run: str, facts: Facts, notes: tuple[str, ...] = ()) -> Diagnosis:
    """Examine every cause whose records are there."""
    findings, missing, examined, inapplicable = [], {}, [], {}
    for name, cause in all_causes().items():
        absent = tuple(need for need in cause.needs if _absent(facts, need))
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
            findings.append(Finding(cause, observed))
    findings.sort(key=_order)
    return Diagnosis(
        run=run,
        facts=facts,
        findings=tuple(findings),
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


def _order(finding: Finding) -> tuple[bool, float, str]:
    confidence = finding.observed.confidence
    first = finding.cause.root is RootCause.INFRASTRUCTURE and confidence >= _BELIEVED
    return not first, -confidence, finding.cause.name
