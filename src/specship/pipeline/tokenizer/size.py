"""Which ids a `tokenizer.json` can give, read without the tokenizer's library.

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
    return max(token_ids(path).values()) + 1


def token_ids(path: Path) -> dict[str, int]:
    """Every token with its id, added ones included.

    Added tokens that the model's vocabulary lacks are numbered by the library as they come, from the size of
    the vocabulary on, whatever the file says. Where it says something else, readers would disagree.

    Raises:
        DamagedArtifact: unreadable, or not a tokenizer.
    """
    document = read_json(path)
    if not isinstance(document, dict) or not isinstance(document.get("model"), dict):
        _refuse(path, "no model")
    added = document.get("added_tokens") or []
    if not isinstance(added, list) or not all(isinstance(token, dict) for token in added):
        _refuse(path, "added_tokens is no list of tokens")
    found = _model_ids(document["model"].get("vocab"))
    following = len(found)
    for number, token in enumerate(added):
        content, said = str(token.get("content", f"<added {number}>")), token.get("id")
        given = found.setdefault(content, following)
        following = max(following, given + 1) if type(given) is int else following
        if said != given:
            _refuse(
                path,
                f"the added token {content[:40]!r} says id {str(said)[:20]}, and readers give it {given}",
            )
    if not found or not all(type(one) is int and one >= 0 for one in found.values()):
        _refuse(path, "its tokens have no whole numbers for ids")
    if len(set(found.values())) != len(found):
        _refuse(path, "two tokens share an id")
    return found


def _model_ids(vocabulary: Any) -> dict[str, Any]:
    """Ids of a map of tokens, or of a list of tokens with their scores."""
    if isinstance(vocabulary, dict):
        return dict(vocabulary)
    pairs = enumerate(vocabulary) if isinstance(vocabulary, list) else ()
    texts = ((index, entry[0] if isinstance(entry, list) and entry else entry) for index, entry in pairs)
    return {str(text): index for index, text in texts}


def _refuse(path: Path, message: str) -> NoReturn:
    raise DamagedArtifact(
        f"not a tokenizer: {message}", at=path, mend="take tokenizer.json from the same checkpoint"
    )
