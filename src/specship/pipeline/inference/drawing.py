"""How the next token is drawn from logits, where the logits are, for many rows at once.

Chance is one number in [0, 1) a token, drawn from the seed on the processor: a seed means the same numbers
wherever the logits were made.

Axes: B rows (sequences), T tokens, V vocabulary or what is left of it.
"""
# ruff: noqa: N803, N806 - a tensor's name carries its axes

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

_NUCLEUS: Final = 1024
"""Likeliest tokens among which a nucleus is looked for before all are sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is drawn.  Temperature 0 is greedy and uses none of the rest."""

    temperature: float = 0.0
    top_k: int = 0
    """Keep the k likeliest tokens; 0 keeps all."""
    top_p: float = 1.0
    """Keep the likeliest tokens that together reach this probability."""
    seed: int = 0


class Chance:
    """The numbers of one sequence."""

    def __init__(self, seed: int) -> None:
        self._random: Final = torch.Generator().manual_seed(seed)

    def next(self, tokens: int) -> Tensor:
        """`chance_T` of the next tokens."""
        return torch.rand(tokens, generator=self._random, dtype=torch.float64)


class Drawing:
    """One way to draw, ready on a device; rows differ in their chance alone."""

    def __init__(self, sampling: Sampling, banned_ids: Collection[int], device: torch.device) -> None:
        self._sampling: Final = sampling
        self._banned: Final = torch.tensor(sorted(banned_ids), device=device) if banned_ids else None

    @property
    def is_greedy(self) -> bool:
        """Whether chance has no part in it."""
        return self._sampling.temperature == 0

    def draw(self, logits_BV: Tensor, chance_B: Tensor) -> Tensor:
        """`token_B`; logits of banned ids are overwritten.  Nothing waits for the device."""
        if self._banned is not None:
            logits_BV.index_fill_(1, self._banned, -torch.inf)
        if self.is_greedy:
            return logits_BV.argmax(-1)
        probability_BV, order_BV = self._candidates(logits_BV.float() / self._sampling.temperature)
        if self._sampling.top_p < 1:
            before_BV = probability_BV.cumsum(-1) - probability_BV
            probability_BV = probability_BV.where(before_BV < self._sampling.top_p, 0)
        reached_BV = probability_BV.double().cumsum(-1)
        wanted_B1 = chance_B[:, None] * reached_BV[:, -1:]
        at_B1 = torch.searchsorted(reached_BV, wanted_B1, right=True).clamp_(max=reached_BV.shape[1] - 1)
        return (at_B1 if order_BV is None else order_BV.gather(1, at_B1))[:, 0]

    def _candidates(self, scaled_BV: Tensor) -> tuple[Tensor, Tensor | None]:
        """Probabilities, and the ids that they belong to where that is not their order.

        Sorted, likeliest first, where a nucleus is wanted; as few as it takes.
        """
        vocabulary = scaled_BV.shape[1]
        if self._sampling.top_k:
            kept_BV, order_BV = scaled_BV.topk(min(self._sampling.top_k, vocabulary))
            return kept_BV.softmax(-1), order_BV
        probability_BV = scaled_BV.softmax(-1)
        if self._sampling.top_p >= 1:
            return probability_BV, None
        if scaled_BV.device.type == "cpu" and vocabulary > _NUCLEUS:
            kept_BV, order_BV = probability_BV.topk(_NUCLEUS)
            if bool((kept_BV.sum(-1) >= self._sampling.top_p).all()):
                return kept_BV, order_BV
        kept_BV, order_BV = probability_BV.sort(descending=True, stable=True)
        return kept_BV, order_BV
