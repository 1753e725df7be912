"""Merges that a BPE vocabulary must have, or its tokens come from no text.

A token of several symbols comes about by a merge and by nothing else, unless it is found whole before
anything merges. Published vocabularies hold a few that no merge gives; where many are so, the list of
merges was cut or emptied, and every text falls apart into pieces that the model hardly knows.
Source: Sennrich et al. 2016 (arXiv:1508.07909); `tokenizers`, models/bpe; llama.cpp, llm_tokenizer_bpe.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from specship.pipeline.tokenizer.files import model_kind

_MOST_WITHOUT: Final = 0.05
"""Largest share of the tokens of several symbols that no merge may give."""
_BYTE: Final = re.compile(r"<0x[0-9A-Fa-f]{2}>")


def missing_merges(tokens: Iterable[str], merged: Iterable[str]) -> str:
    """What is missing of the merges, in words; empty where a vocabulary is whole.

    `tokens` are those that merging has to give, without added ones; `merged` is what each merge gives.
    """
    given = set(merged)
    wanted = [token for token in tokens if len(token) > 1 and not _BYTE.fullmatch(token)]
    lost = [token for token in wanted if token not in given]
    if len(lost) <= _MOST_WITHOUT * len(wanted):
        return ""
    return (
        f"no merge gives {len(lost)} of its {len(wanted)} tokens of several symbols, first {lost[0][:40]!r}"
    )


def missing_merges_of(document: Any) -> str:
    """The same of a `tokenizer.json` that its library reads; empty for other kinds than BPE."""
    if not isinstance(document, dict) or model_kind(document) != "BPE":
        return ""
    model: Mapping[str, Any] = document["model"]
    if model.get("continuing_subword_prefix") or model.get("end_of_word_suffix"):
        return ""  # symbols are several characters then, and a merge leaves some of them out
    added = {one.get("content") for one in document.get("added_tokens") or ()}
    added.add(model.get("unk_token"))
    pairs = (pair.split(" ") if isinstance(pair, str) else pair for pair in model.get("merges") or ())
    return missing_merges([one for one in model["vocab"] if one not in added], map("".join, pairs))
