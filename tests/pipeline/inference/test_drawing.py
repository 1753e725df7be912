"""Tokens are drawn as often as they are likely, from those that are left."""
# ruff: noqa: N806 - a tensor's name carries its axes

from typing import Any

import pytest
import torch

from specship.pipeline.inference.drawing import Chance, Drawing, Sampling

CPU = torch.device("cpu")
DRAWS = 20_000
PROBABILITY_V = torch.tensor([0.05, 0.4, 0.0, 0.2, 0.35])


def shares(sampling: Sampling, banned: tuple[int, ...] = ()) -> list[float]:
    """How often each token comes, over chances that lie evenly."""
    chance_B = (torch.arange(DRAWS, dtype=torch.float64) + 0.5) / DRAWS
    logits_BV = PROBABILITY_V.log().repeat(DRAWS, 1)
    token_B = Drawing(sampling, banned, CPU).draw(logits_BV, chance_B)
    return [float(share) for share in token_B.bincount(minlength=5) / DRAWS]


@pytest.mark.parametrize(
    ("sampling", "banned", "expected"),
    [
        ({}, (), [0.05, 0.4, 0, 0.2, 0.35]),
        ({}, (1,), [1 / 12, 0, 0, 4 / 12, 7 / 12]),
        ({"top_k": 2}, (), [0, 8 / 15, 0, 0, 7 / 15]),
        ({"top_k": 1}, (1,), [0, 0, 0, 0, 1]),
        ({"top_p": 0.7}, (), [0, 8 / 15, 0, 0, 7 / 15]),
        ({"top_p": 0.76}, (), [0, 8 / 19, 0, 4 / 19, 7 / 19]),
        ({"top_p": 1e-6}, (), [0, 1, 0, 0, 0]),
        ({"top_k": 3, "top_p": 0.5}, (), [0, 8 / 15, 0, 0, 7 / 15]),
        ({"temperature": 0.5}, (), [0.05**2 / 0.325, 0.16 / 0.325, 0, 0.04 / 0.325, 0.35**2 / 0.325]),
        ({"temperature": 0.0}, (), [0, 1, 0, 0, 0]),
    ],
)
def test_tokens_come_as_often_as_they_are_likely(sampling: Any, banned: Any, expected: Any) -> None:
    found = shares(Sampling(**{"temperature": 1.0} | sampling), banned)
    assert found == pytest.approx(expected, abs=2 / DRAWS)


@pytest.mark.parametrize("top_p", [0.2, 0.95])
def test_a_nucleus_is_the_same_whether_all_are_sorted_or_not(top_p: float) -> None:
    """Peaked logits have theirs among the likeliest, flat ones need all of them."""
    torch.manual_seed(1)
    chance_B = torch.rand(64, dtype=torch.float64)
    for width in (4.0, 0.01):
        logits_BV = torch.randn(64, 3000) * width
        token_B = Drawing(Sampling(temperature=1.0, top_p=top_p), (), CPU).draw(logits_BV.clone(), chance_B)
        sorted_BV, order_BV = logits_BV.softmax(-1).sort(descending=True, stable=True)
        kept_BV = sorted_BV.where(sorted_BV.cumsum(-1) - sorted_BV < top_p, 0).double()
        reached_BV = kept_BV.cumsum(-1) / kept_BV.sum(-1, keepdim=True)
        wanted_B = (reached_BV <= chance_B[:, None]).sum(-1)
        assert token_B.tolist() == order_BV.gather(1, wanted_B[:, None])[:, 0].tolist()


def test_a_seed_is_a_row_of_numbers_however_they_are_taken() -> None:
    whole, parts, other = Chance(3), Chance(3), Chance(4)
    taken = torch.cat([parts.next(5), parts.next(2)])
    assert whole.next(7).tolist() == taken.tolist() != other.next(7).tolist()
