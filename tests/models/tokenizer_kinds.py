"""Tiny checkpoints with a tokenizer of every kind, described as the published ones are and trained here.

Each has a few hundred tokens, trained on the check texts too, so that every place at which two
tokenizers could cut otherwise has merges across it.
"""

import functools
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from specship.pipeline.tokenizer.check_texts import CHECK_TEXTS
from tests.models.foreign_checkpoints import foreign
from tests.models.once import once

_CASED: Final = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_END: Final = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3_PATTERN: Final = rf"{_CASED}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}|{_END}"
QWEN2_PATTERN: Final = rf"{_CASED}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}|{_END}"
QWEN35_PATTERN: Final = (
    rf"{_CASED}|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}\p{{M}}]+|\p{{N}}"
    r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
ROWS: Final = 1200
SPELLED: Final = ("a {0} b", "{0}{0}", " {0}\n{0} x", "x{0}y {1}z", "{1} {0}")
"""Texts that spell special tokens: the first is one that is special, the second one that is not."""


def split(pattern: str) -> dict[str, Any]:
    """A `Split` step."""
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def steps(*before: dict[str, Any], use_regex: bool = False) -> dict[str, Any]:
    """Steps that end by writing bytes."""
    last = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": use_regex}
    return {"type": "Sequence", "pretokenizers": [*before, last]} if before else last


BYTE_LEVEL: Final[dict[str, dict[str, Any]]] = {
    "gpt-2": {"pre_tokenizer": steps(use_regex=True)},
    "llama-bpe": {"pre_tokenizer": steps(split(LLAMA3_PATTERN)), "ignore_merges": True, "begins": True},
    "smaug-bpe": {"pre_tokenizer": steps(split(LLAMA3_PATTERN))},
    "qwen2": {"pre_tokenizer": steps(split(QWEN2_PATTERN)), "normalizer": {"type": "NFC"}},
    "qwen35": {"pre_tokenizer": steps(split(QWEN35_PATTERN)), "normalizer": {"type": "NFC"}},
    "smollm": {"pre_tokenizer": steps({"type": "Digits", "individual_digits": True}, use_regex=True)},
    "deepseek-coder": {
        "pre_tokenizer": steps(
            *map(split, (r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"[一-龥ࠀ-一가-퟿]+")),
            {"type": "Digits", "individual_digits": True},
        )
    },
    "deepseek-v3": {
        "pre_tokenizer": steps(
            split(r"\p{N}{1,3}"),
            split(r"[一-龥぀-ゟ゠-ヿ]+"),  # noqa: RUF001
            split(
                r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
                r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
            ),
        )
    },
}
"""Byte-level BPE by llama.cpp's name: the pre-tokenizer as it is published, and what else the kind has."""
SPECIAL: Final = ("<|begin|>", "<|endoftext|>", "<|fim_prefix|>")
PLAIN: Final = ("<think>", "</think>")
SENTENCEPIECE: Final[dict[str, dict[str, Any]]] = {
    "bpe": {"model_type": "bpe", "byte_fallback": True, "normalization_rule_name": "identity",
            "remove_extra_whitespaces": False},
    "bpe-unprefixed": {"model_type": "bpe", "byte_fallback": True, "normalization_rule_name": "identity",
                       "remove_extra_whitespaces": False, "add_dummy_prefix": False},
    "unigram": {"model_type": "unigram", "character_coverage": 1.0},
    "unigram-identity": {"model_type": "unigram", "normalization_rule_name": "identity",
                         "remove_extra_whitespaces": False, "character_coverage": 1.0},
}  # fmt: skip
"""Options of SentencePiece's trainer."""


def beginning(token: str, number: int) -> dict[str, Any]:
    """A post-processor that puts a token before a text."""
    begin, text = {"SpecialToken": {"id": token, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}
    return {
        "type": "TemplateProcessing",
        "single": [begin, text],
        "pair": [begin, text, begin, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {token: {"id": token, "ids": [number], "tokens": [token]}},
    }


def corpus() -> Iterator[str]:
    """What the tokenizers are trained on."""
    yield from CHECK_TEXTS * 3
    yield from Path(functools.__file__).read_text().splitlines(keepends=True)


def byte_level_tokenizer(kind: str) -> dict[str, Any]:
    """A `tokenizer.json`."""
    from tokenizers import AddedToken, Tokenizer, pre_tokenizers, trainers

    about = BYTE_LEVEL[kind]
    document: dict[str, Any] = {
        "version": "1.0",
        "normalizer": about.get("normalizer"),
        "pre_tokenizer": about["pre_tokenizer"],
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "vocab": {}, "merges": []},
    }
    made = Tokenizer.from_str(json.dumps(document))
    trainer = trainers.BpeTrainer(
        vocab_size=800, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    made.train_from_iterator(corpus(), trainer)
    made.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in SPECIAL[:2]])
    made.add_tokens([AddedToken(text, normalized=False) for text in (SPECIAL[2], *PLAIN)])
    finished: dict[str, Any] = json.loads(made.to_str())
    finished["model"]["ignore_merges"] = about.get("ignore_merges", False)
    if about.get("begins"):
        finished["post_processor"] = beginning(SPECIAL[0], made.token_to_id(SPECIAL[0]) or 0)
    return finished


@functools.cache
def byte_level_checkpoint(kind: str) -> Path:
    """A checkpoint with that tokenizer, more rows than tokens; not to be changed."""
    return once(f"byte-level-{kind}", lambda folder: _make_byte_level(folder, kind))


def _make_byte_level(folder: Path, kind: str) -> None:
    document = byte_level_tokenizer(kind)
    family = "qwen2" if kind.startswith("qwen2") else "llama"
    ids = {token["content"]: token["id"] for token in document["added_tokens"]}
    foreign(
        family, vocab_size=ROWS, hidden_size=48, max_position_embeddings=512, eos_token_id=ids[SPECIAL[1]]
    ).write(folder)
    (folder / "tokenizer.json").write_text(json.dumps(document))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": SPECIAL[0], "eos_token": SPECIAL[1]}
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"model_max_length": int(1e30)}))


@functools.cache
def sentencepiece_checkpoint(kind: str) -> Path:
    """A checkpoint with a `tokenizer.model` and no `tokenizer.json`; not to be changed."""
    return once(f"sentencepiece-{kind}", lambda folder: _make_sentencepiece(folder, kind))


def _make_sentencepiece(folder: Path, kind: str) -> None:
    import sentencepiece

    foreign(
        "llama", vocab_size=ROWS, hidden_size=48, max_position_embeddings=512, bos_token_id=1, eos_token_id=2
    ).write(folder)
    (folder / "tokenizer.json").unlink()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(list(corpus())),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=900,
        hard_vocab_limit=False,
        minloglevel=2,
        **SENTENCEPIECE[kind],
    )
    (folder / "tokenizer.vocab").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "LlamaTokenizer"}))


def byte_fallback_tokenizer(folder: Path, *, metaspace: str | None = None) -> dict[str, Any]:
    """A `tokenizer.json` made of a folder's `tokenizer.model`, as `transformers` makes them."""
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    numbers = range(model.vocab_size())
    return generated_merges(
        [model.id_to_piece(number) for number in numbers],
        [model.get_score(number) for number in numbers],
        metaspace=metaspace,
    )


def generated_merges(
    pieces: Sequence[str], scores: Sequence[float], *, metaspace: str | None = None
) -> dict[str, Any]:
    """Every way to put a piece together from two, best score first; the first three pieces are special."""
    ids = {piece: number for number, piece in enumerate(pieces)}
    merges = [
        (scores[number], at, len(piece) - at, piece[:at], piece[at:])
        for number, piece in enumerate(pieces)
        for at in range(1, len(piece))
        if piece[:at] in ids and piece[at:] in ids
    ]
    merges.sort(key=lambda one: one[:3], reverse=True)  # as `generate_merges` of `transformers` does
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    prepend = {"type": "Prepend", "prepend": "▁"}
    return {
        "version": "1.0",
        "added_tokens": [
            {"id": number, "content": pieces[number], "special": True, "normalized": False,
             "single_word": False, "lstrip": False, "rstrip": False}
            for number in range(3)
        ],
        "normalizer": None if metaspace else {"type": "Sequence", "normalizers": [prepend, replace]},
        "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": metaspace, "split": False}
        if metaspace
        else None,
        "post_processor": beginning("<s>", 1),
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {
            "type": "BPE", "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True, "vocab": ids,
            "merges": [[left, right] for *_, left, right in merges],
        },
    }  # fmt: skip


def byte_fallback_checkpoint(folder: Path, **options: str) -> Path:
    """The checkpoint of the SentencePiece BPE with such a file in place of its model, in a new folder."""
    source = sentencepiece_checkpoint("bpe")
    shutil.copytree(source, folder)
    (folder / "tokenizer.model").unlink()
    (folder / "tokenizer.json").write_text(json.dumps(byte_fallback_tokenizer(source, **options)))
    return folder
