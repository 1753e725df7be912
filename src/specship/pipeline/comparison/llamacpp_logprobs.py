"""What llama.cpp writes, and its log-probabilities in the form in which distributions are compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.comparison.next_token_distributions import NextTokenDistribution
from specship.pipeline.comparison.sides import Ids, Side
from specship.pipeline.inference.llamacpp import LlamaCppRequest, ask_llama_cpp

_FIGURES: Final = 300_000
"""About how many log-probabilities are asked for in all: they come as JSON."""
_FEWEST: Final = 256
"""Likeliest tokens of each position at least."""


@dataclass(frozen=True, slots=True)
class LlamaCppLogprobs:
    """Continuations of prompts, and a distribution for each position of which there are figures."""

    wrote: list[Ids]
    distributions: list[list[NextTokenDistribution]]

    def while_equal(self, other: LlamaCppLogprobs, prompts: Sequence[Ids]) -> LlamaCppLogprobs:
        """The same without distributions after the first token that the other wrote differently."""
        kept = []
        for prompt, mine, theirs, distributions in zip(
            prompts, self.wrote, other.wrote, self.distributions, strict=True
        ):
            apart = first_difference(mine, theirs)
            last = len(prompt) + (len(mine) if apart is None else apart)
            kept.append([one for one in distributions if one.tokens <= last])
        return LlamaCppLogprobs(self.wrote, kept)


def llamacpp_logprobs(
    side: Side, prompts: Sequence[Ids], steps: int, vocabulary: int, threads: int
) -> LlamaCppLogprobs:
    """Let llama.cpp write; a token that ends inside a character comes without figures.

    Raises:
        UnusableInput, StageFailed: it refuses the file or a prompt; it crashed.
        DamagedArtifact: the file is no longer the one that our reader opened.
    """
    top = min(side.model.shape.vocabulary, max(_FIGURES // (steps * len(prompts)), _FEWEST))
    request = LlamaCppRequest(
        gguf=str(side.model.path), prompts=tuple(prompts), steps=steps, top=top, threads=threads
    )
    answer = ask_llama_cpp(request)
    if answer.gguf_sha256 != side.model.weights_digest():
        raise DamagedArtifact("the file changed while it was compared", at=side.model.path)
    if odd := [len(one) for one in answer.completions if len(one) != steps]:
        raise UnusableInput(
            f"llama.cpp wrote {odd[0]} of {steps} tokens",
            at=side.model.path,
            mend="ask for fewer steps, or shorter texts",
        )
    distributions = [
        [
            NextTokenDistribution(
                len(prompt) + at, {token: p for token, p in step.logprobs.items() if token < vocabulary}
            )
            for at, step in enumerate(completion)
            if step.logprobs
        ]
        for prompt, completion in zip(prompts, answer.completions, strict=True)
    ]
    return LlamaCppLogprobs(
        [tuple(step.token for step in steps) for steps in answer.completions], distributions
    )


def first_difference(a: Ids, b: Ids) -> int | None:
    """Where two continuations differ first; None when they are equal."""
    apart = (at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)
    return next(apart, None if len(a) == len(b) else min(len(a), len(b)))


def same_positions(
    a: Sequence[NextTokenDistribution], b: Sequence[NextTokenDistribution]
) -> Iterator[tuple[NextTokenDistribution, NextTokenDistribution]]:
    """Pairs of distributions after the same number of tokens."""
    others = {one.tokens: one for one in b}
    return ((one, others[one.tokens]) for one in a if one.tokens in others)
