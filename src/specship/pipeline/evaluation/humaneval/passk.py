"""pass@k without bias: the chance that k samples drawn from n without replacement hold a right one.

Source: Chen et al. 2021, "Evaluating Large Language Models Trained on Code", equation 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable


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
