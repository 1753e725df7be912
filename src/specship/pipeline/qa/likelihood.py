"""How likely a model finds a text, and how likely somebody does who only counted its tokens."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from torch import Tensor

_CHANCE: Final = 0.001
"""How often a sound model may look damaged by chance, over all that is tried on it."""


def counting_nats(pieces: Sequence[Sequence[int]]) -> float:
    """Nats a token of the best distribution without context, which is the text's own frequencies.

    No model that ignores what stands before a token can be better, and one that knows a language is
    better even on a text that it never saw.
    """
    counts = Counter(token for piece in pieces for token in piece)
    total = counts.total()
    return -sum(count / total * math.log(count / total) for count in counts.values())


@dataclass(frozen=True, slots=True)
class Difference:
    """How many nats a token a text takes more (or less, where it is negative) than as the model stands."""

    mean: float
    error: float
    """Standard error of the mean, from the spread over the tokens."""

    @property
    def errors(self) -> float:
        """The difference in standard errors; one without spread decides nothing."""
        return self.mean / self.error if self.error > 0 else 0.0

    def __str__(self) -> str:
        return f"{self.mean:+.4f} nats/token ({self.errors:+.1f} standard errors)"


@dataclass(frozen=True, slots=True)
class Trial:
    """Something undone, and what the text then takes."""

    hypothesis: str
    layers: str
    difference: Difference

    def __str__(self) -> str:
        return f"{self.layers}: {self.hypothesis}: undone, the text takes {self.difference}"


def difference(losses_T: Tensor, base_T: Tensor) -> Difference:  # noqa: N803 - axes
    """Two readings of the same tokens, token by token."""
    apart_T = losses_T - base_T  # noqa: N806
    return Difference(float(apart_T.mean()), float(apart_T.std()) / math.sqrt(len(apart_T)))


def surprise(trials: int) -> float:
    """Standard errors that chance hardly reaches in any of so many trials."""
    return NormalDist().inv_cdf(1 - _CHANCE / max(trials, 1))
