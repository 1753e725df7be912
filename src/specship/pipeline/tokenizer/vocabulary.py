"""A vocabulary as a GGUF holds it: tokens, their types, and the keys under which all of it is written.

Source: llama.cpp include/llama.h (llama_token_type), src/llama-vocab.cpp (what each key does) and
gguf-py/gguf/constants.py (how it is spelled, `seperator` too).
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from specship.errors import DamagedArtifact, UnusableInput

NORMAL: Final = 1
UNKNOWN: Final = 2
CONTROL: Final = 3
USER_DEFINED: Final = 4
UNUSED: Final = 5
BYTE: Final = 6
"""Token types of GGUF (llama_token_type in llama.h)."""
PADDING_SCORE: Final = -10000.0
"""Score of a placeholder, in vocabularies that have scores; llama.cpp's own converter writes it."""
ID_KEYS: Final = {
    "bos": "tokenizer.ggml.bos_token_id",
    "eos": "tokenizer.ggml.eos_token_id",
    "unk": "tokenizer.ggml.unknown_token_id",
    "sep": "tokenizer.ggml.seperator_token_id",
    "pad": "tokenizer.ggml.padding_token_id",
    "mask": "tokenizer.ggml.mask_token_id",
}
"""Key of the id of each special token; a role that is not here (`cls`) has no key in a GGUF."""

KeyValue = str | bool | int | bytes | Sequence[str] | Sequence[int] | Sequence[float]
"""A value of a GGUF: `bool` is BOOL, `int` UINT32, `str` STRING, `bytes` an array of UINT8, and lists are
arrays of STRING, INT32 or FLOAT32 by what is in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Tokens by id with one type each, and everything else that `tokenizer.*` says."""

    model: str
    """`gpt2` is byte-level BPE, `llama` SentencePiece that merges by score, `t5` SentencePiece unigrams."""
    pre: str
    tokens: tuple[str, ...]
    types: tuple[int, ...]
    merges: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    special_ids: Mapping[str, int] = field(default_factory=dict)
    """Id of each special token by its role (`bos`, `eos`, ...)."""
    add_bos: bool = False
    add_eos: bool = False
    add_space_prefix: bool = False
    others: Mapping[str, KeyValue] = field(default_factory=dict)
    """Keys that only some kinds have, and the chat templates."""
    notes: tuple[str, ...] = ()
    """Texts that llama.cpp will cut otherwise than the checkpoint's own tokenizer, in plain words."""

    def metadata(self) -> dict[str, KeyValue]:
        """Every key with its value, in the order in which llama.cpp's converter writes them."""
        found: dict[str, KeyValue] = {
            "tokenizer.ggml.model": self.model,
            "tokenizer.ggml.pre": self.pre,
            "tokenizer.ggml.tokens": self.tokens,
        }
        if self.scores:
            found["tokenizer.ggml.scores"] = self.scores
        found["tokenizer.ggml.token_type"] = self.types
        if (
            self.merges or self.model == "gpt2"
        ):  # llama.cpp refuses the kind without the key, not without merges
            found["tokenizer.ggml.merges"] = self.merges
        for role, number in self.special_ids.items():
            if role in ID_KEYS:
                found[ID_KEYS[role]] = number
        return (
            found
            | {
                "tokenizer.ggml.add_bos_token": self.add_bos,
                "tokenizer.ggml.add_eos_token": self.add_eos,
                "tokenizer.ggml.add_space_prefix": self.add_space_prefix,
            }
            | dict(self.others)
        )


def filled_up(vocabulary: Vocabulary, rows: int, path: Path) -> Vocabulary:
    """As many tokens as the embedding has rows: the ids that are left get placeholders, `[PAD7]` for id 7.

    Raises:
        UnusableInput: there are more tokens than rows.
        DamagedArtifact: a token stands in the list twice, or is empty; llama.cpp ends the process at that.
    """
    count = len(vocabulary.tokens)
    refuse_without_row(count - 1, rows, path)
    left = range(count, rows)
    tokens = (*vocabulary.tokens, *(placeholder(number) for number in left))
    if len(set(tokens)) != len(tokens) or "" in tokens:
        counted = Counter(tokens)
        twice = next(token for token in tokens if not token or counted[token] > 1)
        raise DamagedArtifact(
            f"the token {twice[:60]!r} stands in the vocabulary twice, or is empty",
            at=path,
            why="llama.cpp looks tokens up by their text and ends at such a list",
            mend="take the tokenizer from the same checkpoint",
        )
    return replace(
        vocabulary,
        tokens=tokens,
        types=(*vocabulary.types, *(UNUSED for _ in left)),
        scores=(*vocabulary.scores, *(PADDING_SCORE for _ in left)) if vocabulary.scores else (),
    )


def refuse_without_row(number: int, rows: int, path: Path) -> None:
    """Refuse an id that the embedding has no row for; asked before a list of so many tokens is made.

    Raises:
        UnusableInput: it is that large.
    """
    if number >= rows:
        raise UnusableInput(
            f"token id {number} has no row among the embedding's {rows}",
            at=path,
            why="the model and the tokenizer do not belong together",
        )


def placeholder(number: int) -> str:
    """The text of an id that no token has."""
    return f"[PAD{number}]"


def looks_special(token: str) -> bool:
    """Whether an added token that its maker did not call special is a control token all the same.

    Source: `does_token_look_special` of llama.cpp's converter, which names the models that need it.
    """
    return (
        token in {"<pad>", "<mask>", "<2mass>", "[@BOS@]"}
        or (token.startswith("<|") and token.endswith("|>"))
        or (token.startswith("<｜") and token.endswith("｜>"))  # noqa: RUF001 - DeepSeek's own bar
        or (token.startswith("<unused") and token.endswith(">"))
    )


@functools.cache
def bytes_by_character() -> Mapping[str, int]:
    """GPT-2's printable character for each byte (Radford et al. 2019, encoder.py), reversed."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(256 + at): byte for at, byte in enumerate(hidden)}


def token_bytes(token: str) -> bytes:
    """The bytes that a byte-level token stands for; a token of other characters stands for its text."""
    table = bytes_by_character()
    if all(character in table for character in token):
        return bytes(table[character] for character in token)
    return token.encode()
