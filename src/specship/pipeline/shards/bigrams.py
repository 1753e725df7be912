"""A smoothed bigram model of tokens: the loss that a trained model has to beat.

Interpolated absolute discounting of Kneser and Ney (1995), with the lower order smoothed
alike and ending in the uniform distribution (Chen and Goodman 1999, "An empirical study of smoothing
techniques for language modeling", equations for interpolated Kneser-Ney):

    P(w | v) = max(c(v w) - D, 0) / c(v) + D * N1+(v .) / c(v) * P1(w)
    P1(w)    = max(n(w) - E, 0) / n(.)   + E * N1+(.)   / n(.) * 1 / V

where `n` counts either the different tokens seen before `w` (Kneser-Ney's continuation
counts) or its occurrences. D and which `n` it is are chosen on a slice of training tokens
that the fit did not see; E is the estimate n1 / (n1 + 2 n2) of counts of counts. No held-out
token is looked at before the final score.
"""
# ruff: noqa: N803, N806, N815 - a suffix names the axes: N tokens, K different pairs, V vocabulary

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

Lower = Literal["continuation", "occurrence"]
DISCOUNTS: Final = (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
LOWERS: Final[tuple[Lower, ...]] = ("continuation", "occurrence")
_COUNTED_AT_ONCE: Final = 1 << 24
_COUNTED_DENSELY: Final = 1 << 24


@dataclass(frozen=True, slots=True)
class SmoothingChoice:
    """What the slice of training tokens chose."""

    discount: float
    lower: Lower
    slice_loss: float
    """Nats a token on the slice, by the model fitted without it."""


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Counts of pairs of neighbours in a sequence of tokens."""

    vocab_size: int
    keys_K: Ints
    """`first * vocab_size + second` of each different pair, ascending."""
    counts_K: Ints
    occurrences_V: Ints
    """How often each token stands second in a pair."""


def count_pairs(tokens_N: NDArray[Any], vocab_size: int) -> PairCounts:
    """Pairs of neighbours; long sequences are counted in pieces, to bound memory."""
    import numpy as np

    keys_K, counts_K = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    for start in range(0, len(tokens_N) - 1, _COUNTED_AT_ONCE):
        piece = np.asarray(tokens_N[start : start + _COUNTED_AT_ONCE + 1], dtype=np.int64)
        keys, counts = _count(piece[:-1] * vocab_size + piece[1:], vocab_size**2)
        keys_K, inverse = np.unique(np.concatenate([keys_K, keys]), return_inverse=True)
        weights = np.concatenate([counts_K, counts]).astype(np.float64)
        counts_K = np.bincount(inverse, weights=weights).astype(np.int64)
    occurrences = np.bincount(keys_K % vocab_size, weights=counts_K, minlength=vocab_size)
    return PairCounts(vocab_size, keys_K, counts_K, occurrences.astype(np.int64))


def _count(keys_N: Ints, size: int) -> tuple[Ints, Ints]:
    """Different keys below `size`, ascending, and how often each stands there."""
    import numpy as np

    if size > _COUNTED_DENSELY:
        return np.unique(keys_N, return_counts=True)
    counts = np.bincount(keys_N, minlength=size)
    keys_K = np.flatnonzero(counts)
    return keys_K, counts[keys_K]


def lower_order(counts: PairCounts, lower: Lower) -> Floats:
    """The smoothed distribution of single tokens `P1`, shape [V], summing to 1."""
    import numpy as np

    size = counts.vocab_size
    n_V = (
        np.bincount(counts.keys_K % size, minlength=size) if lower == "continuation" else counts.occurrences_V
    )
    once, twice = int((n_V == 1).sum()), int((n_V == 2).sum())
    discount = once / (once + 2 * twice) if once else 0.5
    spread = discount * int((n_V > 0).sum()) / n_V.sum()
    law_V: Floats = np.maximum(n_V - discount, 0.0) / n_V.sum() + spread / size
    return law_V


def token_losses(counts: PairCounts, pairs_N2: NDArray[Any], discount: float, lower: Lower) -> Floats:
    """`-log P(second | first)` in nats for each pair, shape [N]."""
    import numpy as np

    size = counts.vocab_size
    firsts_N, seconds_N = pairs_N2[:, 0].astype(np.int64), pairs_N2[:, 1].astype(np.int64)
    contexts = counts.keys_K // size
    totals_V = np.bincount(contexts, weights=counts.counts_K, minlength=size)
    kinds_V = np.bincount(contexts, minlength=size)
    keys_N = firsts_N * size + seconds_N
    places_N = np.minimum(np.searchsorted(counts.keys_K, keys_N), len(counts.keys_K) - 1)
    seen_N = np.where(counts.keys_K[places_N] == keys_N, counts.counts_K[places_N], 0)
    totals_N = totals_V[firsts_N]
    known_N = np.maximum(totals_N, 1.0)
    spread_N = np.where(totals_N > 0, discount * kinds_V[firsts_N] / known_N, 1.0)
    below_N = lower_order(counts, lower)[seconds_N]
    probabilities_N: Floats = np.maximum(seen_N - discount, 0.0) / known_N + spread_N * below_N
    return -np.log(probabilities_N)


def choose(train_N: NDArray[Any], vocab_size: int, slice_tokens: int) -> SmoothingChoice:
    """The discount and the lower order that do best on the last `slice_tokens` training tokens.

    Raises:
        ValueError: fewer than two tokens are left on either side of the cut.
    """
    import numpy as np

    if slice_tokens < 2 or len(train_N) - slice_tokens < 2:
        raise ValueError(f"{len(train_N)} tokens cannot spare a slice of {slice_tokens}")
    counts = count_pairs(train_N[:-slice_tokens], vocab_size)
    slice_N = np.asarray(train_N[-slice_tokens:])
    pairs_N2 = np.stack([slice_N[:-1], slice_N[1:]], axis=1)
    tried = (
        SmoothingChoice(discount, lower, float(token_losses(counts, pairs_N2, discount, lower).mean()))
        for lower in LOWERS
        for discount in DISCOUNTS
    )
    return min(tried, key=lambda choice: choice.slice_loss)


def unigram_loss(counts: PairCounts, targets_N: NDArray[Any]) -> float:
    """Mean nats a token of targets under the smoothed distribution of single tokens in the training data."""
    import numpy as np

    return float(-np.log(lower_order(counts, "occurrence")[targets_N]).mean())
