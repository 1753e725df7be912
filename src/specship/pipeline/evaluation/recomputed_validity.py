"""A recorded completion judged once more from its token ids: nothing that a stage concluded is believed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from specship.pipeline.evaluation.inference_records import Generation
from specship.pipeline.evaluation.python_syntax import Parsed, cut_body, parse_function

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class RecomputedValidity:
    """What the token ids come to."""

    body: str
    parsed: Parsed
    as_recorded: bool
    """Whether text, body and length are what the record says, and it ended where one may end."""


def recomputed_validity(
    line: Generation, tokenizer: Tokenizer, *, ends: Collection[int], new_tokens: int
) -> RecomputedValidity:
    """Decode, cut and parse a completion again."""
    text = str(tokenizer.decode(line.token_ids, skip_special_tokens=True))
    ended = bool(line.token_ids) and line.token_ids[-1] in ends
    full = len(line.token_ids) == new_tokens
    body = cut_body(text, line.header, at_token_limit=not ended)
    same = text == line.text and body == line.body
    return RecomputedValidity(body, parse_function(line.header, body), as_recorded=same and (ended or full))
