"""The part of a `tokenizer.json` that a GGUF carries: tokens, their types and merges.

Only a tokenizer that llama.cpp's `gpt2` model with pre-tokenizer `gpt-2` reproduces exactly is
exported: byte-level BPE, the GPT-2 pattern, no normaliser, no space put in front.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from specship.errors import DamagedArtifact, UnusableInput
from specship.strict_json import read_json

NORMAL: Final = 1
CONTROL: Final = 3
USER_DEFINED: Final = 4
UNUSED: Final = 5
"""Token types of GGUF (llama_token_type in llama.h)."""
MODEL: Final = "gpt2"
PRE_TOKENIZER: Final = "gpt-2"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Tokens by id, with one type each; as many as the embedding has rows."""

    tokens: tuple[str, ...]
    types: tuple[int, ...]
    merges: tuple[str, ...]


def read_vocabulary(path: Path, rows: int) -> Vocabulary:
    """The vocabulary of a `tokenizer.json`, filled up to `rows` with unused placeholders.

    Raises:
        UnusableInput: a tokenizer that llama.cpp would not reproduce, or more tokens than rows.
        DamagedArtifact: the file cannot be read, or ids are missing or given twice.
    """
    document = read_json(path)
    if not isinstance(document, dict) or not isinstance(document.get("model"), dict):
        raise DamagedArtifact("not a tokenizer", at=path, mend="copy tokenizer.json of the training run here")
    _refuse_what_differs(document, path)
    model = document["model"]
    by_id = _tokens_by_id(model.get("vocab"), path)
    types = dict.fromkeys(by_id, NORMAL)
    for added in document.get("added_tokens", ()):
        number = added["id"]
        if by_id.setdefault(number, added["content"]) != added["content"]:
            raise DamagedArtifact(f"id {number} names two tokens", at=path)
        types[number] = CONTROL if added["special"] else USER_DEFINED
    if max(by_id) >= rows:
        raise UnusableInput(
            f"token id {max(by_id)} has no row among the embedding's {rows}",
            at=path,
            why="the model and the tokenizer do not belong together",
        )
    ids = range(rows)
    return Vocabulary(
        tokens=tuple(by_id.get(number, f"[PAD{number}]") for number in ids),
        types=tuple(types.get(number, UNUSED) for number in ids),
        merges=tuple(_merge(pair, path) for pair in model.get("merges", ())),
    )


def _tokens_by_id(vocab: Any, path: Path) -> dict[int, str]:
    if not isinstance(vocab, dict) or not vocab or not all(type(n) is int and n >= 0 for n in vocab.values()):
        raise DamagedArtifact("the vocabulary is not a map from token to id", at=path)
    by_id = {number: token for token, number in vocab.items()}
    if len(by_id) != len(vocab):
        raise DamagedArtifact("two tokens share an id", at=path)
    return by_id


def _merge(pair: Any, path: Path) -> str:
    """A merge is `"a b"` in older files and `["a", "b"]` in newer ones."""
    text = pair if isinstance(pair, str) else " ".join(pair) if isinstance(pair, list) else ""
    if text.count(" ") != 1:
        raise DamagedArtifact(f"{str(pair)[:60]} is not a merge of two tokens", at=path)
    return text


def _refuse_what_differs(document: Mapping[str, Any], path: Path) -> None:
    model, pre = document["model"], document.get("pre_tokenizer")
    if model.get("type") != "BPE" or model.get("byte_fallback") or model.get("ignore_merges"):
        _unlike(path, "it is not plain byte-level BPE")
    if document.get("normalizer") is not None:
        _unlike(path, f"it normalises text ({str(document['normalizer'])[:60]})")
    if not isinstance(pre, dict) or pre.get("type") != "ByteLevel":
        _unlike(path, f"its pre-tokenizer is {str(pre)[:80]}")
    if pre.get("add_prefix_space") or not pre.get("use_regex", True):
        _unlike(path, "it puts a space in front, or splits by another pattern than GPT-2's")


def _unlike(path: Path, message: str) -> NoReturn:
    raise UnusableInput(
        f"the tokenizer cannot be exported: {message}",
        at=path,
        why=f"llama.cpp's {PRE_TOKENIZER} would cut the same text into other tokens, without a word",
        mend="train a byte-level BPE with the GPT-2 pattern, without normaliser or prefix space",
    )


@functools.cache
def _bytes_by_character() -> Mapping[str, int]:
    """GPT-2's printable character for each byte (Radford et al. 2019, encoder.py), reversed."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(256 + at): byte for at, byte in enumerate(hidden)}


def token_bytes(token: str) -> bytes:
    """The bytes that a byte-level token stands for; a token of other characters stands for its text."""
    table = _bytes_by_character()
    if all(character in table for character in token):
        return bytes(table[character] for character in token)
    return token.encode()
