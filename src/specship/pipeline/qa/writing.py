"""What a model writes, and how far that is from what a reader of the prompt could have meant.

Two ways to write: greedily, and greedily without any pair of tokens that is already there. Small models
fall into loops when they write greedily, and so do sound ones; kept out of the loop, a model that knows
words writes others, and noise writes other noise.
"""

from __future__ import annotations

import builtins
import itertools
import keyword
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import torch

from specship.pipeline.qa.texts import COMMON_WORDS, PLAIN_TEXT, PROMPTS

if TYPE_CHECKING:
    from specship.pipeline.inference.text_decoder import TextDecoder

_LETTERS: Final = re.compile(r"[A-Za-z]+")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_GRAM: Final = 3
_ENGLISH: Final = " ".join((COMMON_WORDS, *PLAIN_TEXT, *PROMPTS))
_PYTHON: Final = " ".join((*keyword.kwlist, *dir(builtins))).replace("_", " ")
KNOWN_WORDS: Final = frozenset(
    word.lower() for word in _LETTERS.findall(_CAMEL.sub(" ", f"{_ENGLISH} {_PYTHON}")) if len(word) > 1
)
"""Words of at least two letters: common ones, those of Python, and those of our own texts."""


@torch.inference_mode()
def write_on(
    decoder: TextDecoder, prompt_ids: Sequence[int], steps: int, *, banned: Sequence[int], fresh_pairs: bool
) -> list[int]:
    """The likeliest token, step after step; with `fresh_pairs` no two tokens follow each other twice."""
    logits_V = decoder.prompt(prompt_ids)  # noqa: N806 - axes
    seen, found = list(prompt_ids), list[int]()
    while len(found) < steps:
        logits_V[list(banned)] = -math.inf
        if fresh_pairs:
            followers = [after for before, after in itertools.pairwise(seen) if before == seen[-1]]
            logits_V[followers] = -math.inf
        found.append(int(logits_V.argmax()))
        seen.append(found[-1])
        if len(found) < steps:
            logits_V = decoder.step(found[-1])  # noqa: N806
    return found


def repeated(token_ids: Sequence[int]) -> float:
    """Share of the runs of three tokens that were there before."""
    runs = [tuple(token_ids[at : at + _GRAM]) for at in range(len(token_ids) - _GRAM + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def known_letters(text: str) -> tuple[int, int]:
    """Letters that belong to known words, and all letters."""
    words = _LETTERS.findall(_CAMEL.sub(" ", text))
    return sum(len(word) for word in words if word.lower() in KNOWN_WORDS), sum(map(len, words))


def strange(text: str) -> int:
    """Characters that nobody writes: halves of characters, and control signs other than white space."""
    return sum(sign == "\ufffd" or (sign < " " and sign not in "\n\t\r\f") for sign in text)
