"""The faster encoder: the same ids, or the reason why not."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specship.pipeline.tokenizer.check_texts import CHECK_TEXTS
from specship.pipeline.tokenizer.merge_ranks import MergeRanks, NoTwin
from specship.pipeline.tokenizer.opening import open_for_documents, tokenizer_of
from specship.pipeline.tokenizer.pre_tokenizers import SPLITTINGS
from tests.models.data_chain import chain


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return chain(tmp_path_factory.mktemp("twin")) / "tokenizer"


@pytest.fixture(scope="module")
def document(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "tokenizer.json").read_text())
    return found


def twin(document: dict[str, Any]) -> tuple[Any, MergeRanks]:
    tokenizer = tokenizer_of(json.dumps(document), Path("tokenizer.json"))
    tokenizer.encode_special_tokens = True
    return tokenizer, MergeRanks(tokenizer, Path("tokenizer.json"))


def equal(tokenizer: Any, ranks: MergeRanks, text: str) -> bool:
    ranks.learn(text)
    ids = ranks.encode(text)
    return ids is not None and ids.tolist() == tokenizer.encode(text, add_special_tokens=False).ids


@pytest.mark.parametrize("name", ["gpt-2", "llama-bpe", "qwen2"])
def test_check_texts_come_out_alike_under_every_pattern(document: dict[str, Any], name: str) -> None:
    pattern = SPLITTINGS[name].patterns[0]
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    bytes_ = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    described = {"type": "Sequence", "pretokenizers": [split, bytes_]}
    tokenizer, ranks = twin(document | {"pre_tokenizer": described})
    unequal = [text for text in CHECK_TEXTS if not equal(tokenizer, ranks, text)]
    assert [text for text in unequal if not set(text) & set(ranks.foreign_characters)] == []


@given(text=st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_comes_out_alike_or_is_left_to_the_other(folder: Path, text: str) -> None:
    tokenizer = open_for_documents(folder)
    ranks = _known.setdefault(str(folder), MergeRanks(tokenizer, folder))
    ranks.learn(text)
    ids = ranks.encode(text)
    if ids is None:
        assert set(text) & set(ranks.foreign_characters)
    else:
        assert ids.tolist() == tokenizer.encode(text, add_special_tokens=False).ids


_known: dict[str, MergeRanks] = {}


def test_a_special_spelling_is_text_and_endless_blanks_are_left_to_the_other(
    document: dict[str, Any],
) -> None:
    tokenizer, ranks = twin(document)
    assert equal(tokenizer, ranks, "print('<|endoftext|>')")
    ranks.learn(" ")
    assert ranks.encode(" " * 3_000_000) is None
    assert equal(tokenizer, ranks, " " * 65_536)
    assert equal(tokenizer, ranks, "a" * 100_000 + "\n" * 65_536 + "x")


def spoilt(document: dict[str, Any], **model: Any) -> dict[str, Any]:
    return document | {"model": document["model"] | model}


def test_merges_that_another_way_leads_to_are_no_twin(document: dict[str, Any]) -> None:
    """`ab` then `abc` of `ab` and `c`; with `bc` before `ab` the bytes of `abc` come about as `a` and `bc`."""
    vocabulary = {token: place for place, token in enumerate(document["model"]["vocab"]) if len(token) == 1}
    size = max(vocabulary.values()) + 1
    more = {"ab": size, "bc": size + 1, "abc": size + 2}
    sound = [["a", "b"], ["b", "c"], ["ab", "c"]]
    tokens = {"vocab": vocabulary | more, "merges": sound}
    tokenizer, ranks = twin(spoilt(document, **tokens) | {"added_tokens": []})
    assert equal(tokenizer, ranks, "abc bcab abcbc")
    crossed = [["b", "c"], ["a", "b"], ["ab", "c"]]
    with pytest.raises(NoTwin, match="another way"):
        twin(spoilt(document, vocab=vocabulary | more, merges=crossed) | {"added_tokens": []})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one | {"normalizer": {"type": "NFC"}}, "normalises"),
        (lambda one: one | {"pre_tokenizer": {"type": "Whitespace"}}, "Whitespace"),
        (lambda one: spoilt(one, merges=one["model"]["merges"][:-1]), "no merge gives 1 of its tokens"),
        (
            lambda one: one | {"added_tokens": [one["added_tokens"][0] | {"special": False}]},
            "inside documents",
        ),
        (lambda one: spoilt(one, end_of_word_suffix="</w>"), "ends of words"),
    ],
    ids=["normalizer", "pieces", "merges", "added", "suffix"],
)
def test_what_the_other_library_cannot_is_named(document: dict[str, Any], change: Any, message: str) -> None:
    with pytest.raises(NoTwin, match=message):
        twin(change(document))
