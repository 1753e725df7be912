"""The vocabulary of a SentencePiece model, `tokenizer.model`.

llama.cpp has two kinds. `llama` merges the two neighbours whose union has the best score, as SentencePiece
does with its BPE models; it takes text as it is and falls back to bytes. `t5` finds the likeliest
sequence, as SentencePiece does with its unigram models, and can replace characters and squeeze blanks
first.
Source: llama.cpp src/llama-vocab.cpp (llm_tokenizer_spm, llm_tokenizer_ugm) and its converter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.tokenizer.files import (
    TOKENIZER,
    TOKENIZER_CONFIG,
    AddedToken,
    added_tokens,
    read_object,
    refuse,
)
from specship.pipeline.tokenizer.sentencepiece_model import (
    BPE,
    MODEL_FILE,
    UNIGRAM,
    SentencePieceModel,
    read_sentencepiece,
)
from specship.pipeline.tokenizer.special_tokens import added_around, blank_notes, special_ids
from specship.pipeline.tokenizer.vocabulary import (
    CONTROL,
    PADDING_SCORE,
    UNUSED,
    USER_DEFINED,
    KeyValue,
    Vocabulary,
    looks_special,
    placeholder,
    refuse_without_row,
)

ADDED_TOKENS: Final = "added_tokens.json"
ADDED_SCORE: Final = -1000.0
"""Score of an added token; it is found by its text, so that no score counts. The converter writes it."""
_BLANK: Final = "▁"
UNKNOWN_NOTE: Final = (
    "a character without a piece becomes bytes in the checkpoint's tokenizer and <unk> in llama.cpp, "
    "whose unigrams do not fall back to bytes"
)
DEFINED_NOTE: Final = "behind a user-defined piece llama.cpp puts a blank that SentencePiece does not"


def sentencepiece_vocabulary(folder: Path, document: Mapping[str, Any], rows: int) -> Vocabulary:
    """The vocabulary of a folder's `tokenizer.model`; `document` is the `tokenizer.json` beside it, if any.

    Raises:
        UnusableInput: a model that neither kind of llama.cpp reproduces.
        DamagedArtifact: a file cannot be read, or they contradict each other.
    """
    path = folder / MODEL_FILE
    model = read_sentencepiece(path)
    _refuseunlike(model, path)
    added = _all_added(folder, document)
    _check_same(model, document, path)
    tokens, scores, types = _listed(model, added, rows, path)
    ids = {piece: number for number, piece in enumerate(model.pieces)} | {
        one.content: one.id for one in added
    }
    special = special_ids(folder, ids, rows)
    for role, number in model.special_ids.items():
        special.setdefault(role, number)
    add_bos, add_eos = added_around(folder, document, ids, special, begin=True)
    unigram = model.model_type == UNIGRAM
    others: dict[str, KeyValue] = {}
    if unigram:
        others["tokenizer.ggml.remove_extra_whitespaces"] = model.remove_extra_whitespaces
        if model.charsmap:
            others["tokenizer.ggml.precompiled_charsmap"] = model.charsmap
    return Vocabulary(
        model="t5" if unigram else "llama",
        pre="default",
        tokens=tokens,
        types=types,
        scores=scores,
        special_ids=special,
        add_bos=add_bos,
        add_eos=add_eos,
        add_space_prefix=model.add_dummy_prefix,
        others=others,
        notes=tuple(_model_notes(model, added)),
    )


def _refuseunlike(model: SentencePieceModel, path: Path) -> None:
    if model.model_type not in {UNIGRAM, BPE}:
        unlike(path, f"its model_type is {model.model_type}, neither unigram (1) nor BPE (2)")
    if model.whitespace_as_suffix or not model.escape_whitespaces:
        unlike(path, "blanks stand behind words, or are not escaped")
    if model.model_type == BPE:
        if not model.byte_fallback:
            unlike(path, "it merges by score and has no bytes to fall back to, where llama.cpp needs them")
        if model.charsmap:
            unlike(path, "it merges by score and replaces characters first; llama.cpp takes text as it is")
        if model.remove_extra_whitespaces:
            unlike(path, "it merges by score and squeezes blanks first; llama.cpp takes text as it is")


def _model_notes(model: SentencePieceModel, added: Iterable[AddedToken]) -> list[str]:
    notes = blank_notes(added)
    if model.model_type == UNIGRAM and model.byte_fallback:
        notes.append(UNKNOWN_NOTE)
    if model.model_type == BPE and USER_DEFINED in model.types and model.add_dummy_prefix:
        notes.append(DEFINED_NOTE)
    return notes


def _listed(
    model: SentencePieceModel, added: Iterable[AddedToken], rows: int, path: Path
) -> tuple[tuple[str, ...], tuple[float, ...], tuple[int, ...]]:
    """Tokens, scores and types by id, up to the last added one."""
    tokens, scores, types = list(model.pieces), list(model.scores), list(model.types)
    for number, kind in enumerate(types):
        if kind == USER_DEFINED:
            # llama.cpp looks for these in the text as it was given, where blanks are blanks.
            tokens[number] = tokens[number].replace(_BLANK, " ")
    for token in sorted(added, key=lambda one: one.id):
        refuse_without_row(token.id, rows, path)
        while len(tokens) <= token.id:
            tokens.append(placeholder(len(tokens)))
            scores.append(PADDING_SCORE)
            types.append(UNUSED)
        control = token.special or looks_special(token.content)
        tokens[token.id] = token.content if control else token.content.replace(_BLANK, " ")
        types[token.id] = CONTROL if control else USER_DEFINED
        scores[token.id] = ADDED_SCORE
    return tuple(tokens), tuple(scores), tuple(types)


def _all_added(folder: Path, document: Mapping[str, Any]) -> tuple[AddedToken, ...]:
    """Added tokens of all files; the later of a token's descriptions counts."""
    found: dict[int, AddedToken] = {}
    for content, number in read_object(folder / ADDED_TOKENS).items():
        plain = {"id": number, "content": content}
        found |= {one.id: one for one in added_tokens({"added_tokens": [plain]}, folder / ADDED_TOKENS)}
    found |= {one.id: one for one in added_tokens(document, folder / TOKENIZER)}
    path = folder / TOKENIZER_CONFIG
    decoder = read_object(path).get("added_tokens_decoder") or {}
    if not isinstance(decoder, dict):
        refuse(path, "added_tokens_decoder is no object")
    for number, entry in decoder.items():
        described = {**entry, "id": int(number)} if isinstance(entry, dict) and number.isdecimal() else None
        found |= {one.id: one for one in added_tokens({"added_tokens": [described]}, path)}
    return tuple(found.values())


def _check_same(model: SentencePieceModel, document: Mapping[str, Any], path: Path) -> None:
    """A `tokenizer.json` beside the model must have the same pieces under the same ids."""
    inner = document.get("model")
    vocab = inner.get("vocab") if isinstance(inner, dict) else None
    if isinstance(vocab, list):
        vocab = {entry[0]: number for number, entry in enumerate(vocab) if isinstance(entry, list) and entry}
    if not isinstance(vocab, dict):
        return
    for number, piece in enumerate(model.pieces):
        if vocab.get(piece, number) != number:
            raise DamagedArtifact(
                f"{piece[:40]!r} has id {number} here and {str(vocab[piece])[:20]} in {TOKENIZER}",
                at=path,
                why="two tokenizers in one folder; one of them is not the model's",
                mend="keep the one that the model was trained with",
            )


def unlike(path: Path, message: str) -> NoReturn:
    """Refuse a tokenizer that llama.cpp would not reproduce."""
    raise UnusableInput(
        f"the tokenizer cannot be exported: {message}",
        at=path,
        why="llama.cpp would cut the same text into other tokens, without a word",
        mend="use a byte-level BPE, or a SentencePiece model made with --model_type=bpe --byte_fallback "
        "--normalization_rule_name=identity --remove_extra_whitespaces=false",
    )
