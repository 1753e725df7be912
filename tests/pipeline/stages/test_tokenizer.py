"""The tokenizer stage: exact size, exact text, and a folder that transformers opens."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from specship.digests import sha256_file
from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.tokenizer.opening import open_for_documents, token_bytes
from tests.editing import lines, write_lines
from tests.models.data_chain import VOCAB, chain, make


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    tokenizer: Tokenizer = open_for_documents(chain(tmp_path_factory.mktemp("chain")) / "tokenizer")
    return tokenizer


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_comes_back_and_weighs_its_bytes(opened: Tokenizer, text: str) -> None:
    ids = opened.encode(text, add_special_tokens=False).ids
    assert opened.decode(ids, skip_special_tokens=False) == text
    lengths = token_bytes(opened, VOCAB)
    assert sum(int(lengths[i]) for i in ids) == len(text.encode())


def test_the_size_is_exact_and_ids_have_no_gap(opened: Tokenizer) -> None:
    assert sorted(opened.get_vocab(with_added_tokens=True).values()) == list(range(VOCAB))


def test_transformers_opens_the_folder_and_agrees(tmp_path: Path, opened: Tokenizer) -> None:
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(str(chain(tmp_path) / "tokenizer"), local_files_only=True)
    text = "def f(x):\n    return  x , don't\n"
    assert theirs(text)["input_ids"] == opened.encode(text, add_special_tokens=False).ids
    assert theirs.decode(theirs(text)["input_ids"]) == text
    assert len(theirs) == VOCAB
    assert theirs.eos_token == "<|endoftext|>"
    assert theirs.pad_token_id != theirs.eos_token_id


def test_another_process_learns_the_same_tokenizer(tmp_path: Path) -> None:
    """Hash seeds of a process must not decide between pairs of equal frequency."""
    root = chain(tmp_path)
    first = sha256_file(root / "tokenizer/tokenizer.json")
    request = {
        "stage": "tokenizer",
        "settings": {"tokenizer": {"vocab_size": VOCAB}},
        "inputs": {"corpus": str(root / "corpus")},
        "output": str(root / "again"),
    }
    subprocess.run(
        [sys.executable, "-m", "specship.pipeline"],
        input=json.dumps(request),
        text=True,
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONHASHSEED": "7", "RAYON_NUM_THREADS": "1"},
    )
    assert sha256_file(root / "again/tokenizer.json") == first


def test_held_out_documents_teach_it_nothing(tmp_path: Path) -> None:
    root = chain(tmp_path)
    first = sha256_file(root / "tokenizer/tokenizer.json")
    documents = lines(root / "corpus/heldout.jsonl")
    write_lines(root / "corpus/heldout.jsonl", [document | {"text": "qzx " * 5000} for document in documents])
    make(root, "tokenizer")
    assert sha256_file(root / "tokenizer/tokenizer.json") == first


def test_a_smaller_share_of_the_text_teaches_another_tokenizer(tmp_path: Path) -> None:
    root = chain(tmp_path)
    first = sha256_file(root / "tokenizer/tokenizer.json")
    make(root, "tokenizer", tokenizer={"train_bytes": 60_000})
    assert sha256_file(root / "tokenizer/tokenizer.json") != first
    assert json.loads((root / "tokenizer/training.json").read_text())["bytes"] <= 60_000


def test_rare_pairs_are_not_merged(tmp_path: Path) -> None:
    """The setting has an effect: a frequency that no pair reaches leaves the bytes alone."""
    with pytest.raises(UnusableInput, match="give 258 tokens, not 512") as refused:
        make(chain(tmp_path), "tokenizer", tokenizer={"min_frequency": 10**9})
    assert "occurs 1000000000 times" in str(refused.value)


def test_too_little_text_for_the_vocabulary_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="tokens, not 100000"):
        make(chain(tmp_path), "tokenizer", tokenizer={"vocab_size": 100_000})


def test_a_cut_corpus_is_named(tmp_path: Path) -> None:
    root = chain(tmp_path)
    path = root / "corpus/train.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DamagedArtifact, match="cut here"):
        make(root, "tokenizer")
