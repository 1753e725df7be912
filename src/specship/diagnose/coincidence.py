"""How likely the figures of a log agree by rounding alone.

A log of few decimals repeats itself without any defect: at a loss of 0.0012 four decimals leave a handful of
values. What repeats is a sign only where that many repetitions would not come about by themselves.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Final

RARE: Final = 0.01
"""Most rows of that length that a healthy log of this size would hold, for one to be a sign."""
_DECIMALS: Final = 4
"""To which Trainer rounded its losses before version 5."""
_FLOAT32: Final = 2.0**-23
_USUAL: Final = 0.01
"""Relative difference of successive losses where nothing else is known: batches differ by that and more."""


def resolution(losses: Sequence[float]) -> float:
    """Step between the values that a log of these losses can hold, nats a token."""
    if all(round(loss, _DECIMALS) == loss for loss in losses):
        return 10.0**-_DECIMALS
    return _FLOAT32 * max((abs(loss) for loss in losses), default=0.0)


def agreement_by_chance(changes: Sequence[float], level: float, step: float) -> float:
    """Probability that a loss agrees with what stands before it, to the resolution `step`.

    `changes` are the relative differences elsewhere in the log: at this level losses differ by their median
    times the level, and fall on the same step about once in as many steps as that spans.
    """
    usual = statistics.median(changes) if changes else _USUAL
    spread = usual * abs(level)
    return min(1.0, step / spread) if spread > 0 else 1.0


def rows_by_chance(chance: float, agreements: int, records: int) -> float:
    """Rows of so many agreements one after another that a log of this size is expected to hold by chance."""
    return records * float(chance**agreements)
