"""A finding: one cause that the figures show, with all that a reader needs to check it or refute it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from specship.pipeline.run_logs.facts import Facts, Line


class RootCause(StrEnum):
    """The three classes."""

    DATA = "data-starvation"
    OPTIMIZATION = "optimization-defect"
    INFRASTRUCTURE = "infrastructure-masking"


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its unit."""

    name: str
    value: float | str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a cause saw."""

    figures: tuple[Figure, ...]
    lines: tuple[Line, ...]
    """Records that it rests on; the first few of them."""
    confidence: float
    """From 0 to 1, by the rule."""
    rule: str
    """How the confidence follows from the figures, so that a reader can compute it again."""
    says: str
    """The finding as one sentence with its figures."""
    refute_by: str
    """The next experiment that would show it to be wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotExamined:
    """A cause's answer where it cannot judge, or where its question does not arise."""

    missing: tuple[str, ...] = ()
    """Facts that it turned out to need and that the records do not hold, named as in `Cause.needs`."""
    because: str = ""
    """Why the question does not arise for this run; empty where facts are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One way in which a run can be sick; a file of `causes/` defines one as `CAUSE`."""

    name: str
    root: RootCause
    needs: tuple[str, ...]
    """Facts without which it cannot be examined (attributes of `Facts` that must not be None or empty)."""
    reference: str
    mechanism: str
    """Why the figures come from it."""
    unseen: str
    """Why nobody saw it."""
    prevention: str
    """What would have prevented it."""
    examine: Callable[[Facts], Observed | NotExamined | None]
    """None where the records are there and show nothing."""
    guards: tuple[str, ...] = ()
    """How bypasses and events begin that show its prevention to have been there: `accept-starvation`,
    `aborted: divergence`."""
    symptom_of: tuple[str, ...] = ()
    """Causes of which its figures are a symptom: where one of them binds, it stands behind all findings."""


@dataclass(frozen=True, slots=True)
class CauseFinding:
    """A cause and what it saw."""

    cause: Cause
    observed: Observed


def within_noise(difference: float, standard_error: float) -> float:
    """Probability that noise alone stays below a difference in size: erf(|d| / (SE * sqrt 2))."""
    if standard_error <= 0:
        return 1.0 if difference else 0.0
    return math.erf(abs(difference) / (standard_error * math.sqrt(2.0)))


def repeated(count: int) -> float:
    """Confidence from a coincidence seen `count` times: 1 - 2^-count."""
    return 1.0 - 0.5**count
