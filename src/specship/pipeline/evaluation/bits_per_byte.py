"""Bits per byte of held-out text: the likelihood of a text, counted in a unit that crosses tokenizers.

bits per byte = sum over tokens of -log2 p(token | text before it) / bytes of the text

Nats a token depend on how the tokenizer cuts a text and are only shown beside it. Each document stands
alone: before its first token the model sees its begin token, else its end token, which separates
documents in training; a model that has neither gets the uniform distribution for that token, which is never
too good. A document longer than the window is read in windows that overlap by half, so that each token
is scored once, with at least half a window of text before it.

Source: Gao et al. 2020 (arXiv:2101.00027), section 3.1, on bits per byte.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import Tokenizer

from specship.errors import UnusableInput
from specship.pipeline.corpus.manifest import CorpusDocument
from specship.pipeline.inference.text_decoder import TextDecoder


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentScore:
    """What one document cost."""

    sha256: str
    bytes: int
    tokens: int
    nats: float
    lossy: bool
    """Whether the tokenizer gives another text back: the figure is then about that one."""


@dataclass(frozen=True, slots=True)
class BitsPerByte:
    """All documents together; a document weighs as much as it has bytes."""

    documents: tuple[DocumentScore, ...]

    @property
    def bytes(self) -> int:
        """Of all texts."""
        return sum(one.bytes for one in self.documents)

    @property
    def tokens(self) -> int:
        """Scored tokens."""
        return sum(one.tokens for one in self.documents)

    @property
    def nats(self) -> float:
        """Sum over all tokens."""
        return math.fsum(one.nats for one in self.documents)

    @property
    def bits_per_byte(self) -> float:
        """The figure."""
        return self.nats / math.log(2) / self.bytes

    @property
    def standard_error(self) -> float | None:
        """Of that figure, over documents (a ratio of sums); None where there is one document."""
        count, ratio = len(self.documents), self.nats / self.bytes
        if count < 2:
            return None
        squares = math.fsum((one.nats - ratio * one.bytes) ** 2 for one in self.documents)
        return math.sqrt(squares * count / (count - 1)) / math.log(2) / self.bytes

    def as_json(self) -> dict[str, Any]:
        """Figures with their counts."""
        return {
            "documents": len(self.documents),
            "bytes": self.bytes,
            "tokens": self.tokens,
            "bits_per_byte": self.bits_per_byte,
            "standard_error": self.standard_error,
            "nats_per_token": self.nats / self.tokens,
            "bytes_per_token": self.bytes / self.tokens,
            "lossy_documents": sum(one.lossy for one in self.documents),
        }


def _silent(_done: float, _total: float, _unit: str) -> None:
    """Report to nobody."""


def score_texts(
    decoder: TextDecoder,
    tokenizer: Tokenizer,
    documents: Sequence[CorpusDocument],
    *,
    report: Callable[..., None] = _silent,
) -> BitsPerByte:
    """Score every document; the decoder's context is the window.

    Raises:
        UnusableInput: a document has no token, or one outside the vocabulary.
    """
    tokenizer.encode_special_tokens = True  # a document that spells an end token has none inside it
    total, done, found = sum(document.bytes for document in documents), 0, []
    for document in documents:
        found.append(_scored(decoder, tokenizer, document))
        done += document.bytes
        report(done, total, "bytes")
    return BitsPerByte(tuple(found))


def _scored(decoder: TextDecoder, tokenizer: Tokenizer, document: CorpusDocument) -> DocumentScore:
    ids = tokenizer.encode(document.text, add_special_tokens=False).ids
    if not ids:
        raise UnusableInput(
            "the tokenizer gives no token for this text", at=document.path, mend="give a text that has some"
        )
    start = _start(decoder)
    nats = [] if start is not None else [math.log(decoder.shape.vocabulary)]
    nats += _losses(decoder, ids if start is None else [start, *ids])
    return DocumentScore(
        sha256=document.sha256,
        bytes=document.bytes,
        tokens=len(ids),
        nats=math.fsum(nats),
        lossy=str(tokenizer.decode(ids, skip_special_tokens=False)) != document.text,
    )


def _start(decoder: TextDecoder) -> int | None:
    """The token before a document's first one."""
    shape = decoder.shape
    return shape.bos_id if shape.bos_id is not None else next(iter(shape.eos_ids), None)


def windows(inputs: int, window: int) -> Iterator[tuple[int, int, int]]:
    """Begin and end of each window over `inputs` positions, and the first position that it scores."""
    end = min(window, inputs)
    yield 0, end, 0
    stride = max(1, window // 2)
    while end < inputs:
        scored, end = end, min(end + stride, inputs)
        yield max(0, end - window), end, scored


@torch.inference_mode()
def _losses(decoder: TextDecoder, ids: Sequence[int]) -> list[float]:
    """Nats of each token behind the first, each scored once."""
    found: list[float] = []
    for begin, end, scored in windows(len(ids) - 1, decoder.context) if len(ids) > 1 else ():
        losses_T = decoder.losses([ids[begin : end + 1]])[scored - begin :]  # noqa: N806 - axes
        found += losses_T.double().tolist()
    return found
