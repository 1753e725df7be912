"""The vocabulary of a BPE `tokenizer.json` with byte fallback, as SentencePiece models are published.

It has ranks of merges where llama.cpp's `llama` kind has a score for each token, and merges any two
neighbours whose union is a token. Scores are made that order the merges alike; where no scores can, the
tokenizer is refused.
Source: llama.cpp src/llama-vocab.cpp (llm_tokenizer_spm); `transformers`, convert_slow_tokenizer.py
(generate_merges, which makes the merges of such a file).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from specship.bounds import GGUF_PIECE_CHARACTERS
from specship.errors import DamagedArtifact
from specship.pipeline.export.byte_level_vocabulary import listed, merged_pair, tokens_by_id
from specship.pipeline.export.sentencepiece_vocabulary import ADDED_SCORE, unlike
from specship.pipeline.tokenizer.files import added_tokens
from specship.pipeline.tokenizer.sentencepiece_model import BYTE_PIECES
from specship.pipeline.tokenizer.special_tokens import added_around, blank_notes, special_ids
from specship.pipeline.tokenizer.vocabulary import BYTE, CONTROL, NORMAL, USER_DEFINED, Vocabulary

_BLANK: Final = "▁"
_LONGEST_RUN: Final = 64
_PREFIXED: Final = {"always": True, "first": True, "never": False}
METASPACE_NOTE: Final = (
    "a text that begins with a blank, or stands behind a special token, gets one blank token more in "
    "llama.cpp than from the checkpoint's tokenizer (Metaspace)"
)


@dataclass(frozen=True, slots=True)
class _Preparation:
    """How a `tokenizer.json` treats blanks before it merges."""

    prefix: bool
    notes: tuple[str, ...] = ()


def byte_fallback_vocabulary(folder: Path, path: Path, document: Mapping[str, Any], rows: int) -> Vocabulary:
    """The vocabulary of a BPE `tokenizer.json` with byte fallback (Llama 2, Mistral, TinyLlama and kin).

    Raises:
        UnusableInput: its merges, or what it does to text first, are not those of a SentencePiece model.
        DamagedArtifact: ids are missing or given twice.
    """
    model = document["model"]
    odd = [
        n
        for n in ("continuing_subword_prefix", "end_of_word_suffix", "dropout", "ignore_merges")
        if model.get(n)
    ]
    if odd:
        unlike(path, f"its {odd[0]} is {str(model[odd[0]])[:40]!r}")
    preparation = _preparation(document, path)
    added = added_tokens(document, path)
    by_id = tokens_by_id(model.get("vocab"), added, path)
    tokens, types = listed(by_id, added, rows, path)
    kinds = [
        BYTE if text in BYTE_PIECES and kind == NORMAL else kind
        for text, kind in zip(tokens, types, strict=True)
    ]
    if kinds.count(BYTE) != len(BYTE_PIECES):
        unlike(path, f"it falls back to bytes, and has tokens for {kinds.count(BYTE)} of 256")
    ids = {token.content: token.id for token in added}
    special = special_ids(folder, ids, rows)
    unknown = model.get("unk_token")
    if isinstance(unknown, str) and unknown in model["vocab"]:
        special.setdefault("unk", model["vocab"][unknown])
    add_bos, add_eos = added_around(folder, document, ids, special, begin=True)
    return Vocabulary(
        model="llama",
        pre="default",
        tokens=tokens,
        types=tuple(kinds),
        scores=_scores(model.get("merges"), tokens, kinds, path),
        special_ids=special,
        add_bos=add_bos,
        add_eos=add_eos,
        add_space_prefix=preparation.prefix,
        notes=(*preparation.notes, *blank_notes(added)),
    )


def _preparation(document: Mapping[str, Any], path: Path) -> _Preparation:
    """Read `Prepend` and `Replace`, or `Metaspace`; both turn blanks into `▁`."""
    normalizer, pre = document.get("normalizer"), document.get("pre_tokenizer")
    inner = normalizer.get("normalizers") if isinstance(normalizer, dict) else None
    steps = inner if isinstance(inner, list) else [normalizer] if normalizer else []
    replaces = {"type": "Replace", "pattern": {"String": " "}, "content": _BLANK}
    prepends = {"type": "Prepend", "prepend": _BLANK}
    if pre is None and steps in ([prepends, replaces], [replaces], [replaces, prepends]):
        return _Preparation(prefix=prepends in steps)
    prefix = _metaspace_prefix(pre) if not steps else None
    if prefix is None:
        said = f"normaliser {str(normalizer)[:80]} and pre-tokenizer {str(pre)[:80]}"
        unlike(path, f"it prepares text by {said}, not by turning blanks into {_BLANK}")
    return _Preparation(prefix=prefix, notes=(METASPACE_NOTE,) if prefix else ())


def _metaspace_prefix(pre: Any) -> bool | None:
    """Whether a `Metaspace` puts a blank in front; None where it is none, or splits text at blanks."""
    step = pre if isinstance(pre, dict) else {}
    if (step.get("type"), step.get("replacement"), step.get("split")) != ("Metaspace", _BLANK, False):
        return None
    return _PREFIXED.get(str(step.get("prepend_scheme", "always")))


def _scores(pairs: Any, tokens: tuple[str, ...], types: list[int], path: Path) -> tuple[float, ...]:
    """Scores by which llama.cpp merges in the order of the merges.

    llama.cpp merges any two neighbours whose union is a token, best score first and the leftmost of equals.
    So every way of putting a token together must be a merge, and the merges to one token must follow each
    other. Runs of one character are an exception: SentencePiece gives them one score, and their merges
    stand among each other.
    """
    ranks: dict[tuple[str, str], int] = {}
    spans: dict[str, list[int]] = {}
    for rank, pair in enumerate(pairs if isinstance(pairs, list) else ()):
        left, right = merged_pair(pair, path)
        ranks[left, right] = rank
        spans.setdefault(left + right, [rank, rank])[1] = rank
    _check_complete(ranks, tokens, types, path)
    groups: list[list[str]] = []
    end = -1
    for token, (first, last) in spans.items():
        if first > end:
            groups.append([])
        groups[-1].append(token)
        end = max(end, last)
    order = {token: place for place, group in enumerate(groups) for token in group}
    for group in groups:
        if len(group) > 1:
            _check_tied(group, ranks, order, path)
    return tuple(
        float(-order[token]) if token in order else ADDED_SCORE if kind in {CONTROL, USER_DEFINED} else 0.0
        for token, kind in zip(tokens, types, strict=True)
    )


def _check_tied(
    group: list[str], ranks: Mapping[tuple[str, str], int], order: Mapping[str, int], path: Path
) -> None:
    """Tokens of one score must be runs of a character that both ways of merging put together alike."""
    character, longest = group[0][0], max(map(len, group))
    if set("".join(group)) != {character}:
        unlike(path, f"its merges to {group[0][:30]!r} and {group[1][:30]!r} stand among each other")

    def by_rank(left: int, right: int) -> int | None:
        return ranks.get((character * left, character * right))

    def by_score(left: int, right: int) -> int | None:
        return order.get(character * (left + right))

    for length in range(2, min(2 * longest, _LONGEST_RUN) + 2):
        if _merged_run(length, by_rank) != _merged_run(length, by_score):
            unlike(path, f"{length} times {character!r} becomes other tokens by its merges than by scores")


def _merged_run(length: int, place: Callable[[int, int], int | None]) -> list[int]:
    """Lengths of the tokens that a run becomes: the first in place merges, the leftmost of equals."""
    found = [1] * length
    while True:
        places = [(place(*pair), at) for at, pair in enumerate(pairwise(found))]
        known = [(where, at) for where, at in places if where is not None]
        if not known:
            return found
        _, at = min(known)
        found[at : at + 2] = [found[at] + found[at + 1]]


def _check_complete(
    known: Mapping[tuple[str, str], int], tokens: Iterable[str], types: Iterable[int], path: Path
) -> None:
    plain = [token for token, kind in zip(tokens, types, strict=True) if kind == NORMAL]
    there = set(plain)
    for token in plain:
        if len(token) > GGUF_PIECE_CHARACTERS:
            raise DamagedArtifact(
                f"a token has {len(token)} characters; at most {GGUF_PIECE_CHARACTERS} are read", at=path
            )
        for at in range(1, len(token)):
            left, right = token[:at], token[at:]
            reachable = (at == 1 or left in there) and (at == len(token) - 1 or right in there)
            if reachable and (left, right) not in known:
                unlike(path, f"it never merges {left[:30]!r} and {right[:30]!r}, and llama.cpp would")
