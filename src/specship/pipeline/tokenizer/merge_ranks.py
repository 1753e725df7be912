"""A second, faster encoder of the same merges, and the proof that it gives the same tokens.

`tiktoken` splits a text by one pattern and merges the pair of neighbours whose *joined bytes* have the
lowest rank; `tokenizers` merges the pair that stands lowest in its *list of pairs*. Both give the same tokens
for every text when three things hold, and each is shown here, none taken on trust:

1. The vocabulary is nothing but bytes and merges, each merge gives a token of its own, and merging a
   token's bytes with all lower merges ends in exactly the pair that its own merge joins. Then, rank for
   rank, no other pair with those bytes can ever stand side by side: whatever does so in a longer text does so
   in the bytes of the pair alone, since no merge crossed their outer ends.
2. Both split by the same pattern. A pattern of classes sees of a character its class alone, so two
   engines that put every character of the text into the same classes split the text alike. Each character is
   tried between letters, digits, signs and blanks, before any document that holds it is trusted.
3. What is left, bugs of either library, is looked for while encoding: now and then both encode a document.

A document with a character that the two see differently, or that the pattern engine cannot get through, goes
through `tokenizers`. Source: tiktoken, src/lib.rs (byte_pair_merge, encode_ordinary); `tokenizers`,
models/bpe/word.rs (merge_all); on neighbours that stay: the `bpe` crate of GitHub, "validity of pairs".
"""
# ruff: noqa: N806 - a suffix names the axes: N tokens, R ranks

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specship.errors import UnusableInput
from specship.pipeline.tokenizer.pre_tokenizers import patterns_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ids = NDArray[np.uint32]

_BYTES: Final = 256
_BLANKS: Final = re.compile(r"\s+")
_LONGEST_RUN: Final = 1 << 16
_ASCII: Final = frozenset(map(chr, range(128)))
_SURROUNDINGS: Final = (
    "aaa{c}aaa",
    "111{c}111",
    "!!!{c}!!!",
    "   {c}   ",
    "\n\n\n{c}\n\n\n",
    "aaa {c}aaa",
    "{c}{c}{c}{c}",
    "aaa'{c}",
    "aaa'{c}eee",
    "aaa'r{c}",
    "aaa'l{c}",
    "{c}\r\n{c}\n",
    "aaa.{c}\n\n",
)
"""Every place of a pattern in which a character's class can decide."""


class NoTwin(Exception):
    """Why a tokenizer cannot be encoded by the faster library with the same tokens."""


class MergeRanks:
    """The faster encoder of one tokenizer."""

    def __init__(self, tokenizer: Any, path: Path) -> None:
        """Build it, with the first part of the proof.

        Raises:
            NoTwin: the library is not installed, or the tokenizer does what it cannot.
        """
        try:
            import tiktoken
        except ImportError as error:
            raise NoTwin("tiktoken is not installed") from error
        import numpy as np

        document = json.loads(tokenizer.to_str())
        self._pattern = _pattern(document, path)
        ranks, ids, pairs = _ranks(document)
        _prove(ranks, pairs)
        self._splitter = tokenizer.pre_tokenizer
        self._ids_R = np.array(ids, dtype=np.uint32)
        self._known: set[str] = set()
        self._foreign: set[str] = set()
        self._encoding = tiktoken.Encoding(
            "merge-ranks", pat_str=self._pattern, mergeable_ranks=ranks, special_tokens={}
        )

    @property
    def foreign_characters(self) -> tuple[str, ...]:
        """Characters of the texts so far that the two libraries put into different classes."""
        return tuple(sorted(self._foreign))

    def encode(self, text: str) -> Ids | None:
        """The ids of a text without special tokens; None where the other library has to give them.

        Every character of the text must have been learned.
        """
        import numpy as np

        if (self._foreign and not self._foreign.isdisjoint(text)) or _endless_blanks(text):
            return None
        ranks = self._encoding.encode_ordinary(text)  # `encode_to_numpy` takes half as long again
        ids_N: Ids = self._ids_R[np.array(ranks, dtype=np.uint32)]
        return ids_N

    def learn(self, text: str) -> None:
        """Try every character of a text that was in none before."""
        if text.isascii() and self._known:
            return
        if new := set(text).union(_ASCII) - self._known:
            self._known |= new
            if not self._split_alike(sorted(new)):
                self._foreign |= {one for one in new if not self._split_alike([one])}

    def _split_alike(self, characters: Sequence[str]) -> bool:
        """Whether both split each character from its surroundings alike.

        The trial has the pieces of `tokenizers` as its only tokens beside bytes, and none of two bytes: a
        piece comes out whole where the other library cuts the very same one, and as bytes where it does not.
        """
        import tiktoken

        texts = [around.replace("{c}", one) for one in characters for around in _SURROUNDINGS]
        pieces = [[_bytes_of(piece) for piece, _ in self._splitter.pre_tokenize_str(text)] for text in texts]
        listed = dict.fromkeys(piece for own in pieces for piece in own if len(piece) > 2)
        whole = {piece: _BYTES + place for place, piece in enumerate(listed)}
        ranks = {bytes([one]): one for one in range(_BYTES)} | whole
        trial = tiktoken.Encoding("trial", pat_str=self._pattern, mergeable_ranks=ranks, special_tokens={})
        return all(
            trial.encode_ordinary(text)
            == [one for piece in own for one in ([whole[piece]] if piece in whole else piece)]
            for text, own in zip(texts, pieces, strict=True)
        )


def _endless_blanks(text: str) -> bool:
    """Whether the pattern engine would run out of its stack, in which each blank of a run is kept."""
    return len(text) > _LONGEST_RUN and any(
        blanks.end() - blanks.start() > _LONGEST_RUN for blanks in _BLANKS.finditer(text)
    )


def _pattern(document: Mapping[str, Any], path: Path) -> str:
    model = document["model"]
    if model.get("type") != "BPE" or model.get("byte_fallback"):
        raise NoTwin(f"it is no byte-level BPE, but {model.get('type')}")
    if document.get("normalizer") is not None:
        raise NoTwin("it normalises text")
    if model.get("continuing_subword_prefix") or model.get("end_of_word_suffix"):
        raise NoTwin("it marks the ends of words")
    if not all(token.get("special") for token in document.get("added_tokens") or ()):
        raise NoTwin("it has added tokens that stand inside documents")
    try:
        patterns = patterns_of(document.get("pre_tokenizer"), path)
    except UnusableInput as error:
        raise NoTwin(error.message) from error
    if len(patterns) != 1:
        raise NoTwin(f"it splits by {len(patterns)} patterns, one after the other")
    return patterns[0]


def _ranks(document: Mapping[str, Any]) -> tuple[dict[bytes, int], list[int], list[tuple[bytes, bytes]]]:
    """The rank of each token's bytes, its id by rank (bytes first, then merges in order), the merges."""
    model = document["model"]
    vocabulary: dict[str, int] = model["vocab"]
    added = {token["content"] for token in document.get("added_tokens") or ()}
    letters = [_CHARACTERS[one] for one in range(_BYTES)]
    if missing := [one for one in letters if one not in vocabulary]:
        raise NoTwin(f"{len(missing)} bytes are no token of their own")
    pairs = [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in model["merges"]]
    merged = ["".join(pair) for pair in pairs]
    if len({*letters, *merged}) != _BYTES + len(merged):
        raise NoTwin("two merges give one token")
    if any(one not in vocabulary for one in merged):
        raise NoTwin("a merge gives what is no token")
    if beside := vocabulary.keys() - {*letters, *merged} - added:
        raise NoTwin(f"no merge gives {len(beside)} of its tokens")
    ranks = {_bytes_of(token): rank for rank, token in enumerate([*letters, *merged])}
    ids = [vocabulary[token] for token in [*letters, *merged]]
    return ranks, ids, [(_bytes_of(one), _bytes_of(other)) for one, other in pairs]


def _prove(ranks: Mapping[bytes, int], pairs: Iterable[tuple[bytes, bytes]]) -> None:
    """Merge the bytes of every token with all lower merges: exactly its own pair must be left.

    Raises:
        NoTwin: of one token it is not.
    """
    for rank, pair in enumerate(pairs, _BYTES):
        left = _merged(pair[0] + pair[1], ranks, rank)
        if left != list(pair):
            raise NoTwin(f"the bytes of {(pair[0] + pair[1])!r} also come about another way")


def _merged(data: bytes, ranks: Mapping[bytes, int], below: int) -> list[bytes]:
    """Bytes merged with all merges below a rank: the lowest first, of equal ones the leftmost."""
    parts = [data[place : place + 1] for place in range(len(data))]
    while len(parts) > 1:
        found = [ranks.get(one + other, below) for one, other in itertools.pairwise(parts)]
        lowest = min(found)
        if lowest >= below:
            break
        place = found.index(lowest)
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    return parts


def _characters() -> list[str]:
    """The character that stands for each byte in a byte-level vocabulary. Source: GPT-2, bytes_to_unicode."""
    plain = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(_BYTES, 2 * _BYTES))
    return [chr(byte if byte in plain else next(others)) for byte in range(_BYTES)]


_CHARACTERS: Final = _characters()
_BYTE_OF: Final = {character: byte for byte, character in enumerate(_CHARACTERS)}


def _bytes_of(token: str) -> bytes:
    try:
        return bytes(_BYTE_OF[character] for character in token)
    except KeyError as error:
        raise NoTwin(f"the token {token[:40]!r} is not written in bytes") from error
