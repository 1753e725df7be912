"""How many ids a `tokenizer.json` can give, read without the tokenizer's library.

Source: `tokenizers`, the fields `model.vocab` (a map of tokens to ids, or a list) and `added_tokens`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

from specship.errors import DamagedArtifact
from specship.strict_json import read_json


def tokenizer_size(path: Path) -> int:
    """One more than the largest id.

    Raises:
        DamagedArtifact: unreadable, or not a tokenizer.
    """
    document = read_json(path)
    if not isinstance(document, dict) or not isinstance(document.get("model"), dict):
        _refuse(path, "no model")
    added = document.get("added_tokens") or []
    if not isinstance(added, list) or not all(isinstance(token, dict) for token in added):
        _refuse(path, "added_tokens is no list of tokens")
    ids: list[int] = [*_model_ids(document["model"].get("vocab")), *(token.get("id") for token in added)]
    if not ids or not all(type(one) is int and one >= 0 for one in ids):
        _refuse(path, "its tokens have no whole numbers for ids")
    return max(ids) + 1


def _model_ids(vocabulary: Any) -> list[Any]:
    if isinstance(vocabulary, dict):
        return list(vocabulary.values())
    return list(range(len(vocabulary))) if isinstance(vocabulary, list) else []


def _refuse(path: Path, message: str) -> NoReturn:
    raise DamagedArtifact(
        f"not a tokenizer: {message}", at=path, mend="take tokenizer.json from the same checkpoint"
    )
