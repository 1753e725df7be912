"""Gate 4: text survives the tokenizer, and the tokenizer and the embedding have the same vocabulary.

A text comes back byte for byte, or as the normal form that the tokenizer itself declares (NFC, for
Qwen). Ids have rows; special ids that the configuration names are tokens that the tokenizer calls special.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Literal, get_args

from specship.pipeline.qa.gate import QualityGate
from specship.pipeline.qa.records import GateFindings, GateLimits, findings, limit
from specship.pipeline.qa.subject import Subject
from specship.pipeline.qa.texts import HARD_TEXTS, PLAIN_TEXT, PROMPTS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
_UNITS: Final = {
    "texts": "texts",
    "altered": "texts",
    "tokens": "tokens",
    "rows": "rows",
    "without_row": "tokens",
    "not_special": "tokens",
    "gguf_tokens_short": "tokens",
}


def _measure(subject: Subject) -> GateFindings:
    tokenizer, shape = subject.tokenizer, subject.shape
    altered = list(_altered(subject))
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    beyond = sorted((number, token) for token, number in vocabulary.items() if number >= shape.vocabulary)
    plain = list(_not_special(tokenizer, {shape.bos_id, shape.pad_id, *shape.eos_ids} - {None}))
    short = 0 if subject.is_folder else _short(subject)
    figures = {
        "texts": len(HARD_TEXTS) + len(PLAIN_TEXT) + len(PROMPTS),
        "altered": len(altered),
        "tokens": len(vocabulary),
        "rows": shape.vocabulary,
        "without_row": len(beyond),
        "not_special": len(plain),
    } | ({} if subject.is_folder else {"gguf_tokens_short": short})
    notes = (
        *(
            f"{token[:40]!r} has id {number}, the embedding {shape.vocabulary} rows"
            for number, token in beyond
        ),
        *altered,
        *plain,
        *([f"the file lists {short} tokens fewer than the embedding has rows"] if short else []),
    )
    return findings(_UNITS, figures, checked="texts", notes=notes)


def _altered(subject: Subject) -> Iterator[str]:
    """Texts that do not come back, each with what came back instead."""
    tokenizer = subject.tokenizer
    forms = _declared_forms(tokenizer)
    for text in (*HARD_TEXTS, *PLAIN_TEXT, *PROMPTS):
        back = tokenizer.decode(subject.encoded(text), skip_special_tokens=False)
        if back not in {text, *(unicodedata.normalize(form, text) for form in forms)}:
            at = next((i for i, (a, b) in enumerate(zip(text, back, strict=False)) if a != b), len(back))
            yield f"{text[at : at + 20]!r} comes back as {back[at : at + 20]!r}"


def _declared_forms(tokenizer: Tokenizer) -> list[_Form]:
    """Unicode normal forms among the tokenizer's own normalisers; lower-casing and the like are none."""
    said = repr(tokenizer.normalizer) if tokenizer.normalizer is not None else ""
    return [form for form in get_args(_Form) if f"{form}()" in said]


def _not_special(tokenizer: Tokenizer, ids: set[int | None]) -> Iterator[str]:
    special = {number for number, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    for number in sorted(number for number in ids if number is not None):
        if number not in special:
            token = tokenizer.id_to_token(number)
            said = "is no token" if token is None else f"is the ordinary token {token[:40]!r}"
            yield f"the id {number}, which begins, ends or pads a text, {said}"


def _short(subject: Subject) -> int:
    """How many tokens the list of a GGUF lacks, or has too many: llama.cpp wants one for each row."""
    listed = len(subject.gguf.metadata.get("tokenizer.ggml.tokens", ()))
    return abs(subject.shape.vocabulary - listed)


def _limits(subject: Subject) -> GateLimits:
    tokens = ("without_row", "not_special", *(() if subject.is_folder else ("gguf_tokens_short",)))
    return {"altered": limit("texts", equals=0), "tokens": limit("tokens", at_least=2)} | {
        name: limit("tokens", equals=0) for name in tokens
    }


GATE: Final = QualityGate(number=4, name="tokenizer", measure=_measure, limits=_limits)
