"""What llama.cpp writes and how likely it found every token, in the form in which laws are compared."""

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
    """Continuations of prompts, and a law for each position of which there are figures."""

    wrote: list[Ids]
    laws: list[list[NextTokenDistribution]]

    def while_equal(self, other: LlamaCppLogprobs, prompts: Sequence[Ids]) -> LlamaCppLogprobs:
        """The same without laws after the first token that the other wrote differently."""
        kept = []
        for prompt, mine, theirs, laws in zip(prompts, self.wrote, other.wrote, self.laws, strict=True):
            apart = first_difference(mine, theirs)
            last = len(prompt) + (len(mine) if apart is None else apart)
            kept.append([law for law in laws if law.tokens <= last])
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
        raise UnusableInput(f"llama.cpp wrote {odd[0]} of {steps} tokens", at=side.model.path)
    laws = [
        [
            NextTokenDistribution(
                len(prompt) + at, {token: p for token, p in step.logprobs.items() if token < vocabulary}
            )
            for at, step in enumerate(completion)
            if step.logprobs
        ]
        for prompt, completion in zip(prompts, answer.completions, strict=True)
    ]
    return LlamaCppLogprobs([tuple(step.token for step in steps) for steps in answer.completions], laws)


def first_difference(a: Ids, b: Ids) -> int | None:
    """Where two continuations part; None when they are equal."""
    apart = (at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)
    return next(apart, None if len(a) == len(b) else min(len(a), len(b)))


def same_positions(
    a: Sequence[NextTokenDistribution], b: Sequence[NextTokenDistribution]
) -> Iterator[tuple[NextTokenDistribution, NextTokenDistribution]]:
    """Pairs of laws after the same number of tokens."""
    others = {law.tokens: law for law in b}
    return ((law, others[law.tokens]) for law in a if law.tokens in others)
