"""The interval of pass@k: exact of one sample a problem, else normal over problems."""

import pytest

from specship.pipeline.evaluation.humaneval.passk_interval import interval_of_pass_at_k


def test_the_interval_of_pass_at_k_is_over_problems() -> None:
    """One sample each: none of 164 is 0 to 2.22 %, exactly. More: 1.96 standard errors, within 0 and 1."""
    greedy, sampled = [(1, 0)] * 164, [(2, 2), (2, 1), (2, 0), (2, 1)]
    of_greedy, of_sampled = (interval_of_pass_at_k(counts, 1, 0.95) for counts in (greedy, sampled))

    reach = 1.959964 * 6**-0.5 / 2
    assert of_greedy == pytest.approx((0.0, 1 - 0.025 ** (1 / 164)))
    assert of_sampled == pytest.approx((0.5 - reach, 0.5 + reach))
    assert interval_of_pass_at_k([(2, 2), (2, 2)], 1, 0.95) is None
    assert interval_of_pass_at_k([(2, 1)], 1, 0.95) is None
    assert interval_of_pass_at_k(sampled, 3, 0.95) is None
