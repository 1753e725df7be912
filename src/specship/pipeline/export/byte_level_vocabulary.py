"""The vocabulary of a byte-level BPE `tokenizer.json` (GPT-2, Llama 3, Qwen2, Qwen3 and kin).

Added tokens are CONTROL where their maker calls them special or they look so, else USER_DEFINED, as in
llama.cpp's converter. Refused is whatever llama.cpp would do otherwise without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.tokenizer.files import AddedToken, added_tokens
from specship.pipeline.tokenizer.pre_tokenizers import pre_tokenizer_name
from specship.pipeline.tokenizer.special_tokens import added_around, blank_notes, special_ids
from specship.pipeline.tokenizer.vocabulary import (
    CONTROL,
    NORMAL,
    UNUSED,
    USER_DEFINED,
    Vocabulary,
    bytes_by_character,
    looks_special,
    placeholder,
    refuse_without_row,
)

NFC_NOTE: Final = (
    "the tokenizer composes characters first (NFC) and llama.cpp does not: a text with decomposed ones, "
    "as macOS writes them in file names, becomes other tokens there"
)


def byte_level_vocabulary(folder: Path, path: Path, document: Mapping[str, Any], rows: int) -> Vocabulary:
    """Read the vocabulary; `path` is the `tokenizer.json` that `document` was read from.

    Raises:
        UnusableInput: a tokenizer that llama.cpp would not reproduce.
        DamagedArtifact: ids are missing or given twice, or merges make no tokens.
    """
    model = document["model"]
    notes = _notes(document, path)
    added = added_tokens(document, path)
    by_id = tokens_by_id(model.get("vocab"), added, path)
    ids = {token.content: token.id for token in added}
    special = special_ids(folder, ids, rows)
    add_bos, add_eos = added_around(folder, document, ids, special, begin=False)
    tokens, types = listed(by_id, added, rows, path)
    return Vocabulary(
        model="gpt2",
        pre=pre_tokenizer_name(document, path),
        tokens=tokens,
        types=types,
        merges=_merges(model.get("merges"), model["vocab"], path),
        special_ids=special,
        add_bos=add_bos,
        add_eos=add_eos,
        notes=(*notes, *blank_notes(added)),
    )


def tokens_by_id(vocab: Any, added: Iterable[AddedToken], path: Path) -> dict[int, str]:
    """Every token by its id, added ones too.

    Raises:
        DamagedArtifact: no map from token to id, or an id for two tokens.
    """
    if not isinstance(vocab, dict) or not vocab or not all(type(n) is int and n >= 0 for n in vocab.values()):
        raise DamagedArtifact("the vocabulary is not a map from token to id", at=path)
    by_id = {number: token for token, number in vocab.items()}
    if len(by_id) != len(vocab):
        raise DamagedArtifact("two tokens share an id", at=path)
    for token in added:
        if by_id.setdefault(token.id, token.content) != token.content:
            raise DamagedArtifact(f"id {token.id} names two tokens", at=path)
    return by_id


def listed(
    by_id: Mapping[int, str], added: Iterable[AddedToken], rows: int, path: Path
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Tokens and types up to the largest id; ids in between that no token has get placeholders.

    Raises:
        UnusableInput: an id has no row.
    """
    count = max(by_id) + 1
    refuse_without_row(count - 1, rows, path)
    if count == len(by_id):
        texts, types = list(map(by_id.__getitem__, range(count))), [NORMAL] * count
    else:
        texts = [by_id.get(number) or placeholder(number) for number in range(count)]
        types = [NORMAL if number in by_id else UNUSED for number in range(count)]
    for token in added:
        control = token.special or looks_special(token.content)
        types[token.id] = CONTROL if control else USER_DEFINED
        # llama.cpp looks for the latter in the text as it was given, where blanks are blanks.
        texts[token.id] = token.content if control else token.content.replace("▁", " ")
    return tuple(texts), tuple(types)


def _notes(document: Mapping[str, Any], path: Path) -> list[str]:
    """Refuse what differs from plain byte-level BPE; tell what differs only for rare texts."""
    model, normalizer = document["model"], document.get("normalizer")
    odd = [name for name in ("continuing_subword_prefix", "end_of_word_suffix", "dropout") if model.get(name)]
    if odd:
        _unlike(path, f"its {odd[0]} is {str(model[odd[0]])[:40]!r}")
    notes = _alphabet_notes(model, path)
    steps = normalizer.get("normalizers") if isinstance(normalizer, dict) else None
    kinds = [
        step.get("type") if isinstance(step, dict) else None
        for step in (steps if isinstance(steps, list) else [normalizer] if normalizer else [])
    ]
    if set(kinds) - {"NFC"}:
        _unlike(path, f"it normalises text ({str(normalizer)[:60]})")
    return [*notes, NFC_NOTE] if kinds else notes


def _alphabet_notes(model: Mapping[str, Any], path: Path) -> list[str]:
    vocab, unknown = model.get("vocab"), model.get("unk_token")
    known = vocab if isinstance(vocab, dict) else {}
    missing = sum(character not in known for character in bytes_by_character())
    if missing and unknown is not None:
        _unlike(path, f"{missing} bytes have no token and become {str(unknown)[:40]!r}")
    return [f"{missing} bytes have no token and are left out of every text, here as there"] if missing else []


def _merges(pairs: Any, vocab: Mapping[str, int], path: Path) -> tuple[str, ...]:
    """Merges as a GGUF holds them, each of which must make a token."""
    if not isinstance(pairs, list):
        raise DamagedArtifact("the merges are no list", at=path)
    # Written for speed: a vocabulary has some hundred thousand of them.
    try:
        found = [pair if type(pair) is str else " ".join(pair) for pair in pairs]
    except TypeError:
        found = [" ".join(merged_pair(pair, path)) for pair in pairs]
    known = all(map(vocab.__contains__, [text.replace(" ", "", 1) for text in found]))
    if not known or "".join(found).count(" ") != len(found) or not set(map(type, pairs)) <= {str, list}:
        for pair in pairs:
            left, right = merged_pair(pair, path)
            if " " in left + right or left + right not in vocab:
                raise DamagedArtifact(f"{str(pair)[:60]} does not merge to a token", at=path)
    return tuple(found)


def merged_pair(pair: Any, path: Path) -> tuple[str, str]:
    """The two tokens of a merge, which is `"a b"` in older files and `["a", "b"]` in newer ones.

    Raises:
        DamagedArtifact: it is neither.
    """
    parts = pair.split(" ") if isinstance(pair, str) else pair
    if type(parts) is not list or len(parts) != 2 or type(parts[0]) is not str or type(parts[1]) is not str:
        raise DamagedArtifact(f"{str(pair)[:60]} is not a merge of two tokens", at=path)
    return parts[0], parts[1]


def _unlike(path: Path, message: str) -> NoReturn:
    raise UnusableInput(
        f"the tokenizer cannot be exported: {message}",
        at=path,
        why="llama.cpp would cut the same text into other tokens, without a word",
        mend="train a byte-level BPE of a known pre-tokenizer, without normaliser or prefix space",
    )
