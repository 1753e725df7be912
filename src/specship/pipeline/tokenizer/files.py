"""The files of a checkpoint that say how text becomes tokens, read with distrust and without their library.

    tokenizer.json  tokenizer_config.json  special_tokens_map.json  added_tokens.json  generation_config.json

Source: `tokenizers` (tokenizer.json) and `transformers`, PreTrainedTokenizerBase (the others).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from specship.bounds import JSON_LARGEST_FOREIGN_INTEGER
from specship.errors import DamagedArtifact
from specship.strict_json import read_json

TOKENIZER: Final = "tokenizer.json"
TOKENIZER_CONFIG: Final = "tokenizer_config.json"
SPECIAL_TOKENS: Final = "special_tokens_map.json"
GENERATION_CONFIG: Final = "generation_config.json"
_OTHER_FORMS: Final = (
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tekken.json",
)
"""Files in which tokenizers were saved before there was `tokenizer.json`, or beside it."""
SPECIAL_ROLES: Final = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
"""Roles that a special token can have; the files write `bos_token`, `bos_token_id` and so on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedToken:
    """A token that is found in the text before anything else is done to it."""

    id: int
    content: str
    special: bool
    normalized: bool
    """The text is normalised before this token is looked for."""
    lstrip: bool
    """Blanks before it belong to it."""
    rstrip: bool
    single_word: bool


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object of a file; an empty one where there is no such file.

    Raises:
        DamagedArtifact: it is there and cannot be read, or is no object.
    """
    if not path.exists() and not path.is_symlink():
        return {}
    document = read_json(path, largest=JSON_LARGEST_FOREIGN_INTEGER)
    if not isinstance(document, dict):
        refuse(path, "not a JSON object")
    return document


def model_kind(document: Mapping[str, Any]) -> str | None:
    """The kind of a `tokenizer.json`'s model: what it says; where it says nothing, BPE if it has merges.

    Source: `tokenizers`, models/mod.rs (ModelUntagged), for the files of before 2021.
    """
    model = document.get("model")
    if not isinstance(model, dict):
        return None
    kind = model.get("type", "BPE" if "merges" in model else None)
    return None if kind is None else str(kind)


def added_tokens(document: Mapping[str, Any], path: Path) -> tuple[AddedToken, ...]:
    """The added tokens of a `tokenizer.json`, in its order.

    Raises:
        DamagedArtifact: they are no list of tokens, or two of them share an id.
    """
    entries = document.get("added_tokens") or []
    if not isinstance(entries, list):
        refuse(path, "added_tokens is no list")
    found = tuple(_added_token(entry, path) for entry in entries)
    if len({token.id for token in found}) != len(found):
        refuse(path, "two added tokens share an id")
    return found


def _added_token(entry: Any, path: Path) -> AddedToken:
    entry = entry if isinstance(entry, dict) else {}
    number, content = entry.get("id"), entry.get("content")
    if type(number) is not int or number < 0 or not isinstance(content, str) or not content:
        refuse(path, f"{str(entry)[:60]} is no added token")
    flags = {name: entry.get(name, False) for name in ("special", "lstrip", "rstrip", "single_word")}
    flags["normalized"] = entry.get("normalized", not flags["special"])
    if not all(isinstance(value, bool) for value in flags.values()):
        refuse(path, f"the added token {content[:40]!r} has a flag that is neither true nor false")
    return AddedToken(id=number, content=content, **flags)


def special_texts(folder: Path) -> dict[str, str]:
    """The text of each special token by its role (`bos`, `eos`, ...), where the folder names one.

    `tokenizer_config.json` counts before `special_tokens_map.json`, as in `transformers`.

    Raises:
        DamagedArtifact: one of the files cannot be read.
    """
    found: dict[str, str] = {}
    for name in (SPECIAL_TOKENS, TOKENIZER_CONFIG):
        document = read_object(folder / name)
        for role in SPECIAL_ROLES:
            entry = document.get(f"{role}_token")
            content = entry.get("content") if isinstance(entry, dict) else entry
            if isinstance(content, str) and content:
                found[role] = content
    return found


def stop_ids(folder: Path) -> tuple[int, ...]:
    """Ids that end a generation, as `config.json` and `generation_config.json` give them, in that order.

    Raises:
        DamagedArtifact: one of the files cannot be read, or names something else than ids.
    """
    found: dict[int, None] = {}
    for name in ("config.json", GENERATION_CONFIG):
        value = read_object(folder / name).get("eos_token_id")
        ids = value if isinstance(value, list) else [] if value is None else [value]
        if not all(type(one) is int and one >= 0 for one in ids):
            refuse(folder / name, f"eos_token_id is {str(value)[:40]}, no id")
        found |= dict.fromkeys(ids)
    return tuple(found)


def require_tokenizer(folder: Path) -> None:
    """Refuse a folder without `tokenizer.json`, and say how one is made of what lies there.

    Raises:
        DamagedArtifact: there is none.
    """
    path = folder / TOKENIZER
    if not path.exists() and not path.is_symlink():
        said, mend = missing_tokenizer(folder)
        raise DamagedArtifact(
            said,
            at=folder,
            why="a tokenizer of another form is cut by rules that its files do not hold",
            mend=mend,
        )


def missing_tokenizer(folder: Path) -> tuple[str, str]:
    """What lies there instead of a `tokenizer.json`, and how to get one."""
    others = [name for name in _OTHER_FORMS if (folder / name).is_file()]
    if not others:
        return f"there is no {TOKENIZER}", f"copy {TOKENIZER} of the same checkpoint into the folder"
    write = f"AutoTokenizer.from_pretrained({str(folder)!r}).save_pretrained({str(folder)!r})"
    return (
        f"there is no {TOKENIZER}, only {' and '.join(others)}",
        f"transformers writes one: from transformers import AutoTokenizer; {write}",
    )


def refuse(path: Path, message: str) -> NoReturn:
    """Refuse a tokenizer's file for what it says of itself."""
    raise DamagedArtifact(message, at=path, mend="take the file from the same checkpoint")
