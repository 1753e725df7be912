"""How sure pass@k is, by the problems that it was asked of."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import stdev

from specship.contracts.interval import Interval, normal_interval, share_interval
from specship.pipeline.evaluation.humaneval.passk import mean_pass_at_k, pass_at_k


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
