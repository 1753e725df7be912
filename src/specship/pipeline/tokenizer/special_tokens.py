"""Which ids are special, and which tokens llama.cpp must put around a text by itself.

Ids come from `tokenizer_config.json` by the text of the token, then from `config.json`, as in llama.cpp's
converter. Whether a text gets a begin or an end token is what the tokenizer itself does: the
post-processor of `tokenizer.json` where there is one, else the flags of `tokenizer_config.json`.
Source: gguf-py/gguf/vocab.py, `SpecialVocab`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.tokenizer.files import (
    SPECIAL_ROLES,
    TOKENIZER,
    TOKENIZER_CONFIG,
    AddedToken,
    read_object,
    special_texts,
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Texts of the tokens that a tokenizer puts before and behind a text; None where it puts none."""

    first: str | None = None
    last: str | None = None


def special_ids(folder: Path, ids: Mapping[str, int], rows: int) -> dict[str, int]:
    """Id of each special token by its role.

    `ids` are the ids of the added tokens by their text.

    Raises:
        DamagedArtifact: a file cannot be read, or names an id that the model has no row for.
    """
    texts, config = special_texts(folder), read_object(folder / "config.json")
    found: dict[str, int] = {}
    for role in SPECIAL_ROLES:
        number: Any = ids.get(texts.get(role, ""))
        if number is None:
            value = config.get(f"{role}_token_id")
            number = next(iter(value), None) if isinstance(value, list) else value
        if number is None or (role == "pad" and type(number) is int and number < 0):
            continue  # a number below 0 is a common way of saying that there is no padding
        if type(number) is not int or not 0 <= number < rows:
            raise DamagedArtifact(
                f"{role}_token_id is {str(number)[:40]}, not an id below {rows}",
                at=folder / "config.json",
                mend="take config.json and the tokenizer from the same checkpoint",
            )
        found[role] = number
    return found


def surroundings(document: Mapping[str, Any], path: Path) -> Surroundings | None:
    """What the post-processor of a `tokenizer.json` puts around a single text; None where it has none.

    Raises:
        UnusableInput: it does something that llama.cpp cannot do.
    """
    processor = document.get("post_processor")
    if processor is None:
        return None
    found = Surroundings()
    for step in _steps(processor):
        match step.get("type"):
            case "ByteLevel":
                continue
            case "TemplateProcessing":
                found = _of_template(step.get("single"), path)
            case other:
                _refuse(path, f"a post-processor {str(other)[:60]!r}")
    return found


def _flagged(folder: Path, role: str, *, otherwise: bool) -> bool:
    """What `add_bos_token` or `add_eos_token` of `tokenizer_config.json` says."""
    value = read_object(folder / TOKENIZER_CONFIG).get(f"add_{role}_token")
    return value if isinstance(value, bool) else otherwise


def blank_notes(added: Iterable[AddedToken]) -> list[str]:
    """What llama.cpp does not know about added tokens."""
    odd = [token.content for token in added if token.lstrip or token.rstrip or token.single_word]
    if not odd:
        return []
    said = f"{len(odd)} added tokens swallow blanks beside them or are whole words only, first {odd[0]!r}"
    return [f"{said}; llama.cpp does not know that: beside them, blanks become tokens of their own"]


def _steps(processor: Any) -> list[Mapping[str, Any]]:
    inner = processor.get("processors") if isinstance(processor, dict) else None
    steps = inner if isinstance(inner, list) else [processor]
    return [step if isinstance(step, dict) else {} for step in steps]


def _of_template(single: Any, path: Path) -> Surroundings:
    """Read `[{"SpecialToken": {"id": ...}}, {"Sequence": ...}, {"SpecialToken": {"id": ...}}]`."""
    parts = single if isinstance(single, list) else []
    kinds = [next(iter(part), "") if isinstance(part, dict) else "" for part in parts]
    if kinds.count("Sequence") != 1 or len(kinds) > 3 or set(kinds) - {"Sequence", "SpecialToken"}:
        _refuse(path, f"a post-processor of the parts {', '.join(map(str, kinds))[:80] or 'none'}")
    at = kinds.index("Sequence")
    texts = [str(part.get("SpecialToken", {}).get("id")) for part in parts]
    if at > 1 or len(kinds) - at > 2:
        _refuse(path, f"a post-processor that writes {' '.join(texts)[:80]}")
    return Surroundings(texts[0] if at else None, texts[-1] if at < len(kinds) - 1 else None)


def added_around(
    folder: Path, document: Mapping[str, Any], ids: Mapping[str, int], special: dict[str, int], *, begin: bool
) -> tuple[bool, bool]:
    """Whether a begin and an end token are added; `special` gains the ids of those that it did not name.

    `begin` is what counts for the begin token where no file says anything.

    Raises:
        UnusableInput: another token than bos in front, or than eos at the end.
    """
    path = folder / TOKENIZER
    found = surroundings(document, path)
    if found is None:
        return _flagged(folder, "bos", otherwise=begin), _flagged(folder, "eos", otherwise=False)
    for role, text in (("bos", found.first), ("eos", found.last)):
        if text is not None and special.setdefault(role, ids.get(text, -1)) != ids.get(text):
            _refuse(path, f"a post-processor that adds {text[:40]!r}, which is not its {role} token")
    return found.first is not None, found.last is not None


def _refuse(path: Path, message: str) -> NoReturn:
    raise UnusableInput(
        f"the tokenizer cannot be exported: it has {message}",
        at=path,
        why="llama.cpp can put one begin token before a text and one end token behind it, and nothing else",
        mend="write a post-processor of that form into tokenizer.json, if the model was trained so",
    )
