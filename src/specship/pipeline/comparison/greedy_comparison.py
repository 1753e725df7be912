"""Greedy continuations of both sides, each by its own decoding, and whether a difference is a divergence.

Where they differ first both sides have read the same tokens, so their distributions of that place say why:
of two tokens that are as good as equally likely rounding alone picks one, and everything behind is another
text. A difference that rounding does not explain is a divergence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from specship.pipeline.comparison.llamacpp_logprobs import first_difference
from specship.pipeline.comparison.next_token_distributions import NextTokenDistribution, preference
from specship.pipeline.comparison.sides import Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class GreedyDifference:
    """The first step at which two continuations differ."""

    prompt: int
    step: int
    tokens: tuple[int, int]
    odds: float
    """By how much the sides' log-odds of the two tokens differ, nats."""
    explained: bool
    """Whether rounding explains it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GreedyComparison:
    """All continuations of both sides."""

    steps: int
    """Steps written, all prompts together."""
    equal_steps: int
    """Steps before the continuations differ."""
    differences: tuple[GreedyDifference, ...]
    wrote: tuple[list[Ids], list[Ids]]

    @property
    def divergences(self) -> int:
        """Continuations that differ for another reason than rounding."""
        return sum(not one.explained for one in self.differences)


def compare_greedy(
    prompts: Sequence[Ids],
    wrote: tuple[list[Ids], list[Ids]],
    distributions: tuple[
        Sequence[Sequence[NextTokenDistribution]], Sequence[Sequence[NextTokenDistribution]]
    ],
    *,
    slack: float,
    barring: bool = False,
) -> GreedyComparison:
    """Compare continuations; `barring` says that one side bars more tokens than are known here.

    `slack` is what rounding can move one centred logit by.
    """
    differences, equal = [], 0
    for number, (prompt, mine, theirs) in enumerate(zip(prompts, *wrote, strict=True)):
        step = first_difference(mine, theirs)
        equal += len(mine) if step is None else step
        if step is not None:
            tokens = mine[step], theirs[step]
            at = len(prompt) + step
            pair = [next((one for one in side[number] if one.tokens == at), None) for side in distributions]
            differences.append(_difference(number, step, tokens, pair, slack=slack, barring=barring))
    return GreedyComparison(
        steps=sum(map(len, wrote[0])), equal_steps=equal, differences=tuple(differences), wrote=wrote
    )


def _difference(
    prompt: int,
    step: int,
    tokens: tuple[int, int],
    distributions: Sequence[NextTokenDistribution | None],
    *,
    slack: float,
    barring: bool,
) -> GreedyDifference:
    """Each side should prefer its own token, unless it was barred from another one."""
    preferences = [
        0.0 if distribution is None else preference(distribution, own, other)
        for distribution, own, other in zip(distributions, tokens, tokens[::-1], strict=True)
    ]
    odds = sum(preferences)
    own = barring or min(preferences) >= -2 * slack
    return GreedyDifference(
        prompt=prompt, step=step, tokens=tokens, odds=odds, explained=own and odds <= 2 * slack
    )
