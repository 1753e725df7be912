"""Next-token distributions of two sides at the same positions: KL, likeliest tokens, centred logits.

A distribution may cover the whole vocabulary, or the likeliest tokens only, which is what llama.cpp
reports. Then both are held over those tokens and all others taken together; the KL divergence of that is a
lower bound of the whole one. KL is in nats, from the first side to the second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from specship.errors import UnusableInput

_TINY: Final = 1e-300


@dataclass(frozen=True, slots=True)
class NextTokenDistribution:
    """Log-probabilities (nats) of the next token: of all tokens in order, or of some by their ids."""

    tokens: int
    """How many tokens were before it: its position."""
    logprobs: Tensor | Mapping[int, float]
    """Of all tokens they may lack a common part, which is `missing`: logits are kept as they came."""
    missing: float = 0.0

    def of(self, ids: Tensor) -> Tensor:
        """Log-probabilities of some tokens, in double precision."""
        if isinstance(self.logprobs, Tensor):
            return self.logprobs[ids].double() - self.missing
        return torch.tensor([self.logprobs[int(token)] for token in ids], dtype=torch.float64)

    def ids(self) -> set[int] | None:
        """Tokens it covers; None for all."""
        return None if isinstance(self.logprobs, Tensor) else set(self.logprobs)

    def likeliest(self) -> int:
        """The token with the highest probability."""
        if isinstance(self.logprobs, Tensor):
            return int(self.logprobs.argmax())
        return max(self.logprobs, key=lambda token: self.logprobs[token])


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How two distributions at one position compare."""

    prompt: int
    position: int
    kl: float
    max_abs_logit: float
    """Largest difference of logits, each side centred over the tokens that both cover."""
    likeliest: tuple[int, int]
    odds: float
    """By how much the sides' log-odds of the two likeliest tokens differ, nats; 0 where they are one."""
    covered: int
    """Tokens that both distributions cover."""


def distributions_of(logits_TV: Tensor, vocabulary: int) -> list[NextTokenDistribution]:  # noqa: N803 - axes
    """A distribution for each position, over the first so many tokens, or those of them that were told."""
    cut_TV = logits_TV[:, :vocabulary]  # noqa: N806 - axes
    if cut_TV.shape[1] == vocabulary and not bool(cut_TV.isneginf().any()):
        return [
            NextTokenDistribution(at + 1, row_V, float(row_V.double().logsumexp(-1)))
            for at, row_V in enumerate(cut_TV)
        ]
    return [
        NextTokenDistribution(
            at + 1, {token: float(row_V[token]) for token in (~row_V.isneginf()).nonzero()[:, 0].tolist()}
        )
        for at, row_V in enumerate(cut_TV)
    ]


def compare_distributions(
    prompt: int, a: NextTokenDistribution, b: NextTokenDistribution, vocabulary: int
) -> Position:
    """Figures of one position.

    Raises:
        UnusableInput: the distributions are of different positions or vocabularies, or share no token.
    """
    ids = _shared(a, b, vocabulary)
    of_a, of_b = a.of(ids), b.of(ids)
    p, q = of_a.exp(), of_b.exp()
    rest_p, rest_q = (1 - p.sum()).clamp_min(0.0), (1 - q.sum()).clamp_min(0.0)
    kl = (p * (of_a - of_b)).sum()
    if len(ids) < vocabulary and float(rest_p) > 0:
        kl = kl + rest_p * ((rest_p / rest_q.clamp_min(_TINY)).log())
    apart = (of_a - of_a.mean()) - (of_b - of_b.mean())
    first, second = a.likeliest(), b.likeliest()
    return Position(
        prompt=prompt,
        position=a.tokens,
        kl=max(float(kl), 0.0),
        max_abs_logit=float(apart.abs().max()),
        likeliest=(first, second),
        odds=odds_apart(a, b, first, second),
        covered=len(ids),
    )


def _shared(a: NextTokenDistribution, b: NextTokenDistribution, vocabulary: int) -> Tensor:
    if a.tokens != b.tokens:
        raise UnusableInput(
            f"a distribution after {a.tokens} tokens and one after {b.tokens} are not compared",
            mend="compare them after the same tokens",
        )
    for distribution in (a, b):
        if isinstance(distribution.logprobs, Tensor) and len(distribution.logprobs) != vocabulary:
            raise UnusableInput(
                f"a distribution over {len(distribution.logprobs)} tokens, and {vocabulary} are compared",
                mend="compare distributions over one vocabulary",
            )
    covered = [ids for distribution in (a, b) if (ids := distribution.ids()) is not None]
    if not covered:
        return torch.arange(vocabulary)
    shared = set.intersection(*covered)
    if not shared:
        raise UnusableInput("two distributions have no token in common", why="there is nothing to compare")
    return torch.tensor(sorted(shared))


def preference(distribution: NextTokenDistribution, token: int, other: int) -> float:
    """By how many nats one token is preferred to another; infinite where only the first is covered."""
    ids = distribution.ids()
    if ids is not None and not {token, other} <= ids:
        return float("inf") if token in ids else float("-inf")
    pair = distribution.of(torch.tensor([token, other]))
    return float(pair[0] - pair[1])


def odds_apart(a: NextTokenDistribution, b: NextTokenDistribution, first: int, second: int) -> float:
    """By how much two distributions' log-odds of two tokens differ; 0 where they are one token."""
    return 0.0 if first == second else abs(preference(a, first, second) + preference(b, second, first))


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionFigures:
    """All positions taken together."""

    tokens_compared: int
    top1_agreement: float
    near_ties: int
    """Positions whose likeliest tokens differ by no more than rounding explains, counted as differing."""
    top1_divergences: int
    """Positions whose likeliest tokens differ by more."""
    mean_kl: float
    max_kl: float
    max_abs_logit: float
    fewest_tokens_covered: int


def summed(positions: Sequence[Position], *, slack: float) -> DistributionFigures:
    """The figures of a comparison; `slack` is what rounding can move one centred logit by.

    Raises:
        UnusableInput: there is no position.
    """
    if not positions:
        raise UnusableInput("no position was compared", why="nothing compared is not agreement")
    apart = [one for one in positions if one.likeliest[0] != one.likeliest[1]]
    ties = [one for one in apart if one.odds <= 2 * slack]
    return DistributionFigures(
        tokens_compared=len(positions),
        top1_agreement=1 - len(apart) / len(positions),
        near_ties=len(ties),
        top1_divergences=len(apart) - len(ties),
        mean_kl=sum(one.kl for one in positions) / len(positions),
        max_kl=max(one.kl for one in positions),
        max_abs_logit=max(one.max_abs_logit for one in positions),
        fewest_tokens_covered=min(one.covered for one in positions),
    )
