"""What writes text, whoever computes it: a model that gives logits, and the ways to draw tokens from them.

Axes: T tokens, V vocabulary.
"""
# ruff: noqa: N803, N806 - a tensor's name carries its axes

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from specship.errors import UnusableInput
from specship.pipeline.inference.drawing import Chance, Drawing, Sampling
from specship.pipeline.model.decoder_shape import TextShape
from specship.pipeline.model.reading import OURS

STOP_TOKEN: Final = "stop-token"
STOP_TEXT: Final = "stop-text"
TOKEN_LIMIT: Final = "token-limit"
Ends = Callable[[int, Sequence[int]], bool]
"""Whether a sequence, by its number and its tokens so far, has ended."""


@dataclass(frozen=True, slots=True)
class Request:
    """A prompt, how many tokens may follow it (at least 1), and the seed that they are drawn with."""

    prompt_ids: Sequence[int]
    tokens: int
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """Token ids after the prompt (a stop token is the last one of them), and why it ended."""

    token_ids: tuple[int, ...]
    stop_reason: str


class TextDecoder(ABC):
    """One loaded model and one sequence that it is reading."""

    engine: str = OURS
    """What computes it: our own decoder, or a library and its version."""

    def __init__(self, shape: TextShape, device: torch.device, context: int | None = None) -> None:
        """Sizes, and how many positions are used of the model's."""
        self.shape = shape
        self.device: Final = device
        self.context: Final = min(context or shape.context, shape.context)

    @abstractmethod
    def logits(self, token_ids: Sequence[int]) -> Tensor:
        """`logits_TV` for a whole sequence, teacher-forced; `step` goes on behind it.

        Raises:
            UnusableInput: empty, longer than the context, or an id outside the vocabulary.
        """

    @abstractmethod
    def prompt(self, token_ids: Sequence[int]) -> Tensor:
        """`logits_V` after a sequence; `step` goes on behind it.

        Raises:
            UnusableInput: see `logits`.
        """

    @abstractmethod
    def step(self, token_id: int) -> Tensor:
        """`logits_V` after one more token; runs under the caller's inference mode.

        Raises:
            UnusableInput: the context is full.
        """

    @torch.inference_mode()
    def losses(self, sequences: Sequence[Sequence[int]]) -> Tensor:
        """`losses_T` in nats of every token of the sequences but the first of each, one after another."""
        found = []
        for ids in sequences:
            logits_TV = self.logits(ids[:-1]).float()
            wanted_T = torch.tensor(list(ids[1:]), device=logits_TV.device)
            found.append(torch.nn.functional.cross_entropy(logits_TV, wanted_T, reduction="none"))
        return torch.cat(found)

    def refuse_ids(self, token_ids: Sequence[int]) -> None:
        """Refuse a sequence that this model cannot read.

        Raises:
            UnusableInput: empty, longer than the context, or an id outside the vocabulary.
        """
        if not 1 <= len(token_ids) <= self.context:
            raise UnusableInput(
                f"a sequence has 1 to {self.context} tokens; this one has {len(token_ids)}",
                mend="give a text of another length",
            )
        if not all(0 <= token < self.shape.vocabulary for token in token_ids):
            raise UnusableInput(
                f"ids {min(token_ids)} to {max(token_ids)} leave the vocabulary of {self.shape.vocabulary}",
                why="the model and the tokenizer do not belong together",
            )

    @torch.inference_mode()
    def generate(
        self,
        prompt_ids: Sequence[int],
        tokens: int,
        *,
        sampling: Sampling | None = None,
        stop_ids: Collection[int] = (),
        banned_ids: Collection[int] = (),
    ) -> Completion:
        """Complete a prompt by at most `tokens` tokens.

        Raises:
            UnusableInput: the prompt is unusable (see `logits`), or prompt and tokens exceed the context.
        """
        self.refuse_length(prompt_ids, tokens)
        stream = self.stream(prompt_ids, sampling=sampling, banned_ids=banned_ids)
        found: list[int] = []
        while len(found) < tokens:
            found.append(stream.next())
            if found[-1] in stop_ids:
                return Completion(tuple(found), STOP_TOKEN)
        return Completion(tuple(found), TOKEN_LIMIT)

    def refuse_length(self, prompt_ids: Sequence[int], tokens: int) -> None:
        """Refuse a prompt that leaves no room for so many tokens.

        Raises:
            UnusableInput: together they exceed the context.
        """
        if len(prompt_ids) + tokens > self.context:
            raise UnusableInput(
                f"{len(prompt_ids)} prompt tokens and {tokens} new ones exceed the context of {self.context}",
                mend="ask for fewer tokens (--tokens N), or cut the prompt",
            )

    def generate_many(
        self,
        requests: Sequence[Request],
        *,
        sampling: Sampling | None = None,
        stop_ids: Collection[int] = (),
        banned_ids: Collection[int] = (),
        ends: Ends | None = None,
    ) -> Iterator[tuple[int, Completion]]:
        """Complete many prompts; each comes with its number as soon as it is through, in any order.

        `ends(number, token_ids)` is asked after each token, and ends a sequence by saying yes.

        Raises:
            UnusableInput: a prompt is unusable (see `logits`), or with its tokens exceeds the context.
        """
        for number, wanted in enumerate(requests):
            self.refuse_length(wanted.prompt_ids, wanted.tokens)
            drawn = replace(sampling or Sampling(), seed=wanted.seed)
            stream = self.stream(wanted.prompt_ids, sampling=drawn, banned_ids=banned_ids)
            writing = Writing(number, wanted.tokens, stop_ids, ends)
            while not (ended := writing.take(stream.next())):
                pass
            yield number, ended

    def stream(
        self, prompt_ids: Sequence[int], *, sampling: Sampling | None = None, banned_ids: Collection[int] = ()
    ) -> TokenStream:
        """A stream of tokens after a prompt; the prompt is read before this returns.

        Raises:
            UnusableInput: see `logits`.
        """
        sampling = sampling or Sampling()
        drawing = Drawing(sampling, banned_ids, self.device)
        return TokenStream(self._tokens(self.prompt(prompt_ids), drawing, Chance(sampling.seed)))

    def _tokens(self, logits_V: Tensor, drawing: Drawing, chance: Chance) -> Iterator[int]:
        """One token after another; the first is drawn from the prompt's own logits."""
        chance_1 = torch.zeros(1, dtype=torch.float64, device=logits_V.device)
        while True:
            if not drawing.is_greedy:
                chance_1 = chance.next(1).to(logits_V.device)
            token = int(drawing.draw(logits_V[None], chance_1))
            yield token
            logits_V = self.step(token)


class TokenStream:
    """Tokens that a decoder writes, one after another."""

    def __init__(self, tokens: Iterator[int]) -> None:
        self._tokens = tokens

    @torch.inference_mode()
    def next(self) -> int:
        """The next token's id.

        Raises:
            UnusableInput: the context is full.
        """
        return next(self._tokens)


class Writing:
    """One sequence that is being written, and the rules that end it."""

    def __init__(self, number: int, tokens: int, stop_ids: Collection[int], ends: Ends | None = None) -> None:
        self.number: Final = number
        self._tokens = tokens
        self._stop_ids = stop_ids
        self._ends = ends
        self._found: list[int] = []

    def take(self, token: int) -> Completion | None:
        """Add a token; the completion, where it is the last."""
        self._found.append(token)
        if token in self._stop_ids:
            return Completion(tuple(self._found), STOP_TOKEN)
        if self._ends and self._ends(self.number, self._found):
            return Completion(tuple(self._found), STOP_TEXT)
        return Completion(tuple(self._found), TOKEN_LIMIT) if len(self._found) >= self._tokens else None
