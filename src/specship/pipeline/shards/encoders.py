"""Documents to token ids: by `tokenizers`, or by the faster `tiktoken` where it gives the same tokens.

Whatever encodes, the ids are those of `tokenizers`; see `tokenizer.merge_ranks` for why.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from specship.errors import UnusableInput
from specship.pipeline.shards.manifest import EncoderEntry
from specship.pipeline.tokenizer.merge_ranks import MergeRanks, NoTwin

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Engine = Literal["auto", "tokenizers", "tiktoken"]
_COMPARED_EVERY: Final = 64
"""Of so many documents one is encoded by both libraries."""


class UnequalTokens(Exception):
    """The two libraries gave different tokens for a document, which the proof says they cannot."""


class Encoder(Protocol):
    """Gives the ids of documents."""

    def encode(self, texts: Sequence[str]) -> list[ArrayLike]:
        """The ids of each text, without special tokens."""
        ...

    def entry(self) -> EncoderEntry:
        """What is recorded of it."""
        ...


class ByTokenizers:
    """The library whose file the tokenizer is."""

    def __init__(self, tokenizer: Any, reason: str) -> None:
        self._tokenizer = tokenizer
        self._reason = reason

    def encode(self, texts: Sequence[str]) -> list[ArrayLike]:
        """As `Encoder`; the library spreads a batch over all cores."""
        return [one.ids for one in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]

    def entry(self) -> EncoderEntry:
        """As `Encoder`."""
        return EncoderEntry(name="tokenizers", version=metadata.version("tokenizers"), reason=self._reason)


class ByMergeRanks:
    """The faster library, with the other for documents that it cannot be trusted with."""

    def __init__(self, tokenizer: Any, ranks: MergeRanks) -> None:
        self._ranks = ranks
        self._other = ByTokenizers(tokenizer, "")
        self._pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
        self._documents = self._compared = self._left = 0

    def encode(self, texts: Sequence[str]) -> list[ArrayLike]:
        """As `Encoder`.

        Raises:
            UnequalTokens: a document that was encoded by both has two encodings.
        """
        for text in texts:
            self._ranks.learn(text)  # before threads ask, since it grows what they read
        found: list[Any] = list(self._pool.map(self._ranks.encode, texts))
        compared = [place for place in range(len(texts)) if not (self._documents + place) % _COMPARED_EVERY]
        asked = [place for place, ids in enumerate(found) if ids is None or place in compared]
        for place, ids in zip(asked, self._other.encode([texts[place] for place in asked]), strict=True):
            if found[place] is None:
                self._left += 1
                found[place] = ids
            elif found[place].tolist() != ids:
                raise UnequalTokens(texts[place][:80])
        self._compared += len(compared)
        self._documents += len(texts)
        return found

    def entry(self) -> EncoderEntry:
        """As `Encoder`."""
        foreign = self._ranks.foreign_characters
        reason = f"{len(foreign)} characters split otherwise" if foreign else ""
        return EncoderEntry(
            name="tiktoken",
            version=metadata.version("tiktoken"),
            reason=reason,
            compared=self._compared,
            left_to_tokenizers=self._left,
        )


def encoder_of(tokenizer: Any, folder: Path, engine: Engine) -> Encoder:
    """The fastest encoder that gives the tokenizer's own ids, or the one that was asked for.

    Raises:
        UnusableInput: `tiktoken` was asked for, and cannot be shown to give the same.
    """
    if engine == "tokenizers":
        return ByTokenizers(tokenizer, "asked for")
    try:
        return ByMergeRanks(tokenizer, MergeRanks(tokenizer, folder / "tokenizer.json"))
    except NoTwin as error:
        if engine == "tiktoken":
            raise UnusableInput(
                f"tiktoken cannot encode this: {error}",
                at=folder / "tokenizer.json",
                why="its tokens have to be those of the tokenizer, document for document",
                mend="set shards.engine to 'auto', which takes 'tokenizers' then",
            ) from error
        return ByTokenizers(tokenizer, str(error))
