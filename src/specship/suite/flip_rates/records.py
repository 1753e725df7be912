"""What `specship flip-rate` says, as records that every face prints."""

from __future__ import annotations

from pydantic import Field

from specship.contracts.records import Frozen


class QuantityFlips(Frozen):
    """One quantity of a gate over healthy variants.

    Units: figures are in `unit`, `distance` counts standard deviations, rates are shares of 1.
    """

    quantity: str
    """Its name."""
    unit: str
    """Of figures and limit."""
    limit: str
    """In force today, with its unit."""
    figures: int
    """How often it was measured."""
    missed: int
    """Figures that do not meet the limit."""
    at_most: float = Field(ge=0, le=1)
    """Exact upper bound of that rate, at 95 % (Clopper-Pearson)."""
    mean: float | None = None
    """Null where a figure is no number."""
    deviation: float | None = None
    """Standard deviation between the variants; null likewise, and of fewer than two."""
    distance: float | None = None
    """From the mean to the nearest end of the limit, in standard deviations; negative beyond it."""
    rate: float | None = None
    """Chance that one more figure misses the limit; null where no distribution is known."""
    assumed: str
    """What the chance rests on, or why there is none."""
    often: bool
    """Whether it is more often than once in a thousand."""


class GateFlips(Frozen):
    """One gate over healthy variants."""

    gate: str
    """Its id."""
    contract: str
    """Path of its contract within the project."""
    variants: int
    """Healthy variants that it was asked about."""
    varied: dict[str, int] = {}
    """By section of settings, how many different ones these variants had, of those that differ at all."""
    changed: int
    """Verdicts that were another one than PASS."""
    at_most: float = Field(ge=0, le=1)
    """Exact upper bound of that rate, at 95 % (Clopper-Pearson)."""
    rate: float | None = None
    """Chance that a verdict changes, at most: the sum over its quantities; null where none has a chance."""
    quantities: tuple[QuantityFlips, ...]
    """Those that have a limit today."""
    stale: str = ""
    """Why its record speaks of another project than today's; empty where it is of today."""
    signed: str = ""
    """Why no key that counts signed the record; empty where one did."""
    path: str = ""
    """Of the record, within the project."""


class FlipRateReport(Frozen):
    """Every gate that was asked."""

    profile: str
    """The scale."""
    model: str
    """Whose pipeline was repeated."""
    verdicts: int = 0
    """Given by all gates together."""
    changed: int = 0
    """Of these, another one than PASS."""
    at_most: float = Field(default=1.0, ge=0, le=1)
    """Exact upper bound of that rate, at 95 %, as if verdicts on one variant were independent."""
    gates: tuple[GateFlips, ...]
    """By id."""
    left: dict[str, str] = {}
    """Gates that could not be measured on every variant, each with the first reason."""
    not_asked: dict[str, str] = {}
    """Gates that healthy variants are not asked about, with the reason that their file gives."""
    problems: tuple[str, ...] = ()
    """Files that are no records."""

    @property
    def often(self) -> tuple[tuple[GateFlips, QuantityFlips], ...]:
        """Limits that healthy material would miss more often than once in a thousand."""
        return tuple((gate, one) for gate in self.gates for one in gate.quantities if one.often)
