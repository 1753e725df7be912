"""How text is split before byte-level BPE merges it, and by which name llama.cpp knows that.

A name is given only where the patterns of a `tokenizer.json` are known to be those of the name, *and*
splitting the check texts by both gives the same pieces. Anything else is refused: llama.cpp would cut
the same text into other tokens without a word.
Source: llama.cpp, src/llama-vocab.cpp (`regex_exprs`, and what each name switches on) and the pre-tokenizers
of the published checkpoints.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from specship.errors import UnusableInput
from specship.pipeline.tokenizer.check_texts import CHECK_TEXTS
from specship.pipeline.tokenizer.opening import tokenizer_of

if TYPE_CHECKING:
    from tokenizers.pre_tokenizers import PreTokenizer

_CONTRACTIONS: Final = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
_ANY_CASE: Final = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_GPT2: Final = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_WORDS: Final = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_REST: Final = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_LLAMA3: Final = rf"{_CONTRACTIONS}|{_WORDS}|\p{{N}}{{1,3}}|{_REST}"
_QWEN2: Final = rf"{_CONTRACTIONS}|{_WORDS}|\p{{N}}|{_REST}"
_QWEN35: Final = (
    rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}\p{{M}}]+|\p{{N}}"
    r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_DEEPSEEK_CODER: Final = (r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"[一-龥ࠀ-一가-퟿]+", r"\p{N}")
_DEEPSEEK_V3: Final = (
    r"\p{N}{1,3}",
    r"[一-龥぀-ゟ゠-ヿ]+",  # noqa: RUF001 - scripts of Japanese
    (
        r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
        r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
)


@dataclass(frozen=True, slots=True)
class Splitting:
    """How a named pre-tokenizer splits text before merging: each pattern splits what the last one left."""

    patterns: tuple[str, ...]
    ignore_merges: bool = False
    """Whether a piece that is a token as a whole is taken as it is."""
    adds_bos: bool = False
    """Whether llama.cpp puts the begin token in front when the file does not say."""


SPLITTINGS: Final[Mapping[str, Splitting]] = (
    dict.fromkeys(("gpt-2", "phi-2", "gigachat", "roberta-bpe"), Splitting((_GPT2,)))
    | dict.fromkeys(("llama-bpe", "llama3", "llama-v3", "falcon3"), Splitting((_LLAMA3,), True, True))
    | dict.fromkeys(("smaug-bpe", "dbrx"), Splitting((_LLAMA3,)))
    | dict.fromkeys(("qwen2", "deepseek-r1-qwen", "megrez"), Splitting((_QWEN2,)))
    | {"qwen35": Splitting((_QWEN35,))}
    | dict.fromkeys(("smollm", "starcoder", "refact", "command-r", "codeshell"), Splitting((r"\p{N}", _GPT2)))
    | {"deepseek-coder": Splitting(_DEEPSEEK_CODER), "deepseek-v3": Splitting(_DEEPSEEK_V3)}
)
"""Ways of splitting by the name in `tokenizer.ggml.pre`; the first of several names is the one written."""


def pre_tokenizer_name(document: Mapping[str, Any], path: Path) -> str:
    """llama.cpp's name for the pre-tokenizer of a `tokenizer.json`.

    Raises:
        UnusableInput: its patterns are none that llama.cpp has under a name, or only seem to be.
    """
    described = document.get("pre_tokenizer")
    ignore_merges = bool(document["model"].get("ignore_merges"))
    patterns = tuple(_same_in_llama_cpp(pattern) for pattern in patterns_of(described, path))
    alike = {name: one for name, one in SPLITTINGS.items() if one.patterns == patterns}
    name = next((name for name, one in alike.items() if one.ignore_merges == ignore_merges), None)
    if name is None and alike:
        merged = "takes whole pieces that are tokens" if ignore_merges else "merges every piece"
        _refuse(path, f"it splits as {next(iter(alike))!r} does, but {merged}, and that name does not")
    if name is None:
        _refuse(path, f"it splits by {' then '.join(map(repr, patterns))[:300] or 'nothing'}")
    _verify(name, alike[name], described, path)
    return name


def splitter(patterns: Iterable[str]) -> PreTokenizer:
    """A pre-tokenizer that splits by each pattern in turn, then writes bytes as GPT-2's characters."""
    from tokenizers import Regex, pre_tokenizers

    return pre_tokenizers.Sequence(
        [
            *(pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def patterns_of(described: Any, path: Path) -> Sequence[str]:
    """The patterns of a described pre-tokenizer, one after the other; it must end by writing bytes.

    Raises:
        UnusableInput: it does anything else than split by patterns.
    """
    steps = _flat(described)
    found: list[str] = []
    for step in steps:
        kind = step.get("type")
        if kind == "Digits" and step.get("individual_digits"):
            found.append(r"\p{N}")
        elif kind == "Split":
            found.append(_split_pattern(step, path))
        elif kind == "ByteLevel" and step is steps[-1]:
            if step.get("add_prefix_space"):
                _refuse(path, "it puts a space in front of every text")
            found += [_GPT2] if step.get("use_regex", True) else []
        else:
            _refuse(path, f"it has a step {json.dumps(step, ensure_ascii=False)[:160]}")
    if not steps or steps[-1].get("type") != "ByteLevel":
        _refuse(path, "it does not end by writing text as bytes (ByteLevel)")
    return found


def _flat(described: Any) -> list[dict[str, Any]]:
    if not isinstance(described, dict):
        return []
    inner = described.get("pretokenizers")
    if described.get("type") == "Sequence" and isinstance(inner, list):
        return [step for one in inner for step in _flat(one)]
    return [described]


def _split_pattern(step: Mapping[str, Any], path: Path) -> str:
    pattern = step.get("pattern")
    regex = pattern.get("Regex") if isinstance(pattern, dict) else None
    # A total pattern gives the same pieces whether its matches are set apart or everything else is removed.
    kept = (step.get("behavior"), bool(step.get("invert"))) in {("Isolated", False), ("Removed", True)}
    if not isinstance(regex, str) or not kept:
        _refuse(path, f"it has a split {json.dumps(step, ensure_ascii=False)[:160]}")
    return regex


def _same_in_llama_cpp(pattern: str) -> str:
    """A published pattern as llama.cpp spells it: it has no inline flags, so contractions are written out."""
    return pattern.replace(_ANY_CASE, _CONTRACTIONS).replace(r"\p{N}{1}|", r"\p{N}|")


def _verify(name: str, splitting: Splitting, described: Any, path: Path) -> None:
    """Split every check text by the described pre-tokenizer and by the named one.

    Raises:
        UnusableInput: the pieces differ.
        DamagedArtifact: the described one cannot be built.
    """
    empty = {"version": "1.0", "model": {"type": "BPE", "vocab": {}, "merges": []}}
    theirs = tokenizer_of(json.dumps(empty | {"pre_tokenizer": described}), path).pre_tokenizer
    ours = splitter(splitting.patterns)
    for text in CHECK_TEXTS:
        pieces = [piece for piece, _ in theirs.pre_tokenize_str(text)]
        if pieces != [piece for piece, _ in ours.pre_tokenize_str(text)]:
            _refuse(path, f"it has the patterns of {name!r}, but splits {text[:40]!r} otherwise")


def _refuse(path: Path, message: str) -> NoReturn:
    known = ", ".join(
        dict.fromkeys(next(n for n in SPLITTINGS if SPLITTINGS[n] is s) for s in SPLITTINGS.values())
    )
    raise UnusableInput(
        f"llama.cpp has no name for this pre-tokenizer: {message}",
        at=path,
        why="a GGUF names its pre-tokenizer, and under another's name the same text becomes other tokens, "
        "without a word",
        mend=f"known are {known}; a tokenizer that splits like one of them can be exported",
    )
