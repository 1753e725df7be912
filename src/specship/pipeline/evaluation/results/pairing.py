"""Two runs on the same samples: who was right where the other was not, and whether that could be chance.

Source: Q. McNemar, Psychometrika 12 (1947) 153-157, in its exact form: where neither is better, each sample
on which the two differ is equally likely to fall to either, so that their number is binomial. The interval
of the difference is the normal one on the paired differences.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import Final

from specship.contracts.interval import beta_below, normal_interval
from specship.errors import DamagedArtifact
from specship.pipeline.evaluation.results.records import AskedSample, HarnessResult

FEWEST_DISCORDANT: Final = 10
"""Samples on which the two must differ before anything can be shown: of nine, 8 to 1 is the least that can
reach 5 %, and a handful of questions is no ground to ship on."""
CONFIDENCE: Final = 0.95
"""Of the interval of the difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedRuns:
    """The samples of two runs, side by side."""

    wins: int
    """Samples on which the first is better (b)."""
    losses: int
    """Samples on which the second is better (c)."""
    ties: int
    alone: int
    """Samples that one of the two did not answer, or was not asked."""
    difference: float
    """Mean of the first minus that of the second, over the pairs."""
    low: float | None
    high: float | None
    """Ends of its interval; None where all pairs came out alike."""

    @property
    def pairs(self) -> int:
        """Samples that both answered."""
        return self.wins + self.losses + self.ties

    @property
    def discordant(self) -> int:
        """Samples on which they differ."""
        return self.wins + self.losses

    @property
    def p_value(self) -> float | None:
        """Chance of a split this uneven where neither is better; None where too few samples differ."""
        return exact_p(self.wins, self.losses) if self.discordant >= FEWEST_DISCORDANT else None


def exact_p(wins: int, losses: int) -> float:
    """The two-sided exact p-value of McNemar's test."""
    fewer, together = min(wins, losses), wins + losses
    if fewer * 2 == together:
        return 1.0
    # Chance of `together - fewer` or more heads of as many throws.
    return min(1.0, 2 * beta_below(0.5, together - fewer, fewer + 1))


def paired(one: HarnessResult, other: HarnessResult) -> PairedRuns:
    """Compare two results sample by sample.

    Raises:
        NotRecorded: one of them has no samples.
        DamagedArtifact: they were asked something else.
    """
    ours, theirs = _by_key(one), _by_key(other)
    shared = ours.keys() & theirs.keys()
    differing = sorted(key for key in shared if ours[key].asked != theirs[key].asked)
    if differing or not shared:
        key = differing[0] if differing else ""
        raise DamagedArtifact(
            "the two runs were not asked the same",
            at=ours[key].place if differing else one.place,
            why=f"{len(differing)} of {len(shared)} samples with one number have other questions or answers",
            mend="evaluate both on the same version of the task",
        )
    both = [
        (first, second)
        for key in shared
        if (first := ours[key].scored) is not None and (second := theirs[key].scored) is not None
    ]
    differences = [first - second for first, second in both]
    mean = math.fsum(differences) / len(differences) if differences else 0.0
    interval = None
    if len(differences) > 1:
        error = statistics.stdev(differences) / math.sqrt(len(differences))
        interval = normal_interval(mean, error, CONFIDENCE)
    return PairedRuns(
        wins=sum(one > 0 for one in differences),
        losses=sum(one < 0 for one in differences),
        ties=sum(one == 0 for one in differences),
        alone=len(ours.keys() | theirs.keys()) - len(both),
        difference=mean,
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
    )


def _by_key(result: HarnessResult) -> dict[str, AskedSample]:
    found = {sample.key: sample for sample in result.asked}
    if len(found) != len(result.asked):
        raise DamagedArtifact("a sample stands twice", at=result.place, mend="evaluate again")
    return found
