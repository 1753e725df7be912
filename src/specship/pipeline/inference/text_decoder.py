"""What writes text, whoever computes it: a model that gives logits, and the ways to draw tokens from them.

Axes: T tokens, V vocabulary.
"""
# ruff: noqa: N803, N806 - a tensor's name carries its axes

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from specship.errors import UnusableInput
from specship.pipeline.model.decoder_shape import TextShape
from specship.pipeline.model.reading import OURS

STOP_TOKEN: Final = "stop-token"
TOKEN_LIMIT: Final = "token-limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is drawn.  Temperature 0 is greedy and uses none of the rest."""

    temperature: float = 0.0
    top_k: int = 0
    """Keep the k likeliest tokens; 0 keeps all."""
    top_p: float = 1.0
    """Keep the likeliest tokens that together reach this probability."""
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
            raise UnusableInput(f"a sequence has 1 to {self.context} tokens; this one has {len(token_ids)}")
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
        if len(prompt_ids) + tokens > self.context:
            raise UnusableInput(
                f"{len(prompt_ids)} prompt tokens and {tokens} new ones exceed the context of {self.context}",
                mend="ask for fewer tokens (--tokens N), or cut the prompt",
            )
        stream = self.stream(prompt_ids, sampling=sampling, banned_ids=banned_ids)
        found: list[int] = []
        while len(found) < tokens:
            found.append(stream.next())
            if found[-1] in stop_ids:
                return Completion(tuple(found), STOP_TOKEN)
        return Completion(tuple(found), TOKEN_LIMIT)

    def stream(
        self, prompt_ids: Sequence[int], *, sampling: Sampling | None = None, banned_ids: Collection[int] = ()
    ) -> TokenStream:
        """A stream of tokens after a prompt; the prompt is read before this returns.

        Raises:
            UnusableInput: see `logits`.
        """
        return TokenStream(self, self.prompt(prompt_ids), sampling or Sampling(), tuple(banned_ids))


class TokenStream:
    """Draws one token after another; the first is drawn from the prompt's own logits."""

    def __init__(
        self, decoder: TextDecoder, logits_V: Tensor, sampling: Sampling, banned: tuple[int, ...]
    ) -> None:
        self._decoder = decoder
        self._logits_V = logits_V
        self._sampling = sampling
        self._banned = list(banned)
        self._last: int | None = None
        self._random = torch.Generator().manual_seed(sampling.seed)

    @torch.inference_mode()
    def next(self) -> int:
        """The next token's id.

        Raises:
            UnusableInput: the context is full.
        """
        logits_V = self._logits_V if self._last is None else self._decoder.step(self._last)
        if self._banned:
            logits_V[self._banned] = -torch.inf
        self._last = int(logits_V.argmax()) if self._sampling.temperature == 0 else self._draw(logits_V)
        return self._last

    def _draw(self, logits_V: Tensor) -> int:
        """Draw on the processor, so that a seed means the same tokens wherever the logits were made."""
        wanted = self._sampling
        scaled_V = logits_V.float().cpu() / wanted.temperature
        sorted_V, order_V = scaled_V.sort(descending=True, stable=True)
        if wanted.top_k:
            sorted_V = sorted_V[: wanted.top_k]
        probability_V = sorted_V.softmax(-1)
        if wanted.top_p < 1:
            before_V = probability_V.cumsum(-1) - probability_V
            probability_V = probability_V[before_V < wanted.top_p]
        return int(order_V[torch.multinomial(probability_V, 1, generator=self._random)])
