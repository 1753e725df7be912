"""pass@k without bias: the chance that k samples drawn from n without replacement hold a right one.

Source: Chen et al. 2021, "Evaluating Large Language Models Trained on Code", equation 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import stdev

from specship.contracts.interval import Interval, normal_interval, share_interval


def pass_at_k(samples: int, passed: int, k: int) -> float:
    """1 - C(n - c, k) / C(n, k), from exact whole numbers.

    Raises:
        ValueError: not 0 <= passed <= samples, or not 1 <= k <= samples.
    """
    if not 0 <= passed <= samples or not 1 <= k <= samples:
        raise ValueError(f"no pass@{k} of {passed} right ones among {samples}")
    return 1.0 - math.comb(samples - passed, k) / math.comb(samples, k)


def mean_pass_at_k(counts: Iterable[tuple[int, int]], k: int) -> float | None:
    """The mean over problems of (samples, passed); None unless every problem has at least k samples."""
    pairs = list(counts)
    if not pairs or any(samples < k for samples, _ in pairs):
        return None
    return math.fsum(pass_at_k(samples, passed, k) for samples, passed in pairs) / len(pairs)


def interval_of_pass_at_k(counts: Iterable[tuple[int, int]], k: int, confidence: float) -> Interval | None:
    """Between what pass@k lies, were the problems others of their kind; None where nobody can say.

    Exact (Clopper and Pearson) where each problem has one sample, so that it passes or does not; else normal,
    of the deviation between problems, within 0 and 1.
    """
    pairs = list(counts)
    mean = mean_pass_at_k(pairs, k)
    if mean is None:
        return None
    if all(samples == 1 for samples, _ in pairs):
        return share_interval(mean, len(pairs), confidence)
    each = [pass_at_k(samples, passed, k) for samples, passed in pairs]
    error = stdev(each) / math.sqrt(len(each)) if len(each) > 1 else 0.0
    found = normal_interval(mean, error, confidence)
    return found and (max(0.0, found[0]), min(1.0, found[1]))
