"""The shards stage: documents in order, separators between them, and a manifest that adds up."""

from pathlib import Path

import numpy as np
import pytest

from specship.digests import sha256_file
from specship.errors import DamagedArtifact
from specship.pipeline.shards.manifest import read_manifest
from specship.pipeline.shards.token_reader import TokenReader
from specship.pipeline.shards.writer import ShardWriter, dtype_for
from specship.pipeline.tokenizer.opening import open_for_documents, separator_of, token_bytes
from tests.editing import edit_json, lines, write_lines
from tests.models.data_chain import chain, make


def test_the_shards_decode_to_the_documents(tmp_path: Path) -> None:
    root = chain(tmp_path)
    tokenizer = open_for_documents(root / "tokenizer")
    for split in ("train", "heldout"):
        reader = TokenReader(root / "shards", split, length=8, seed=0, at_end="halt", tokenizer=None)
        text = tokenizer.decode(reader.first_tokens(reader.tokens).tolist(), skip_special_tokens=False)
        documents = [document["text"] for document in lines(root / f"corpus/{split}.jsonl")]
        assert text == "".join(document + "<|endoftext|>" for document in documents)


def test_a_shard_ends_with_a_document_and_the_manifest_adds_up(tmp_path: Path) -> None:
    root = chain(tmp_path)
    manifest = read_manifest(root / "shards")
    assert len(manifest.of("train")) > 1
    for shard in manifest.shards:
        tokens = np.fromfile(root / "shards" / shard.file, dtype="<u2")
        assert len(tokens) == shard.tokens
        assert tokens[-1] == manifest.separator_id
        assert (tokens == manifest.separator_id).sum() == shard.documents
        assert sha256_file(root / "shards" / shard.file) == shard.sha256
    documents = lines(root / "corpus/train.jsonl")
    assert sum(shard.text_bytes for shard in manifest.of("train")) == sum(d["bytes"] for d in documents)


def test_tokens_weigh_the_bytes_of_their_text(tmp_path: Path) -> None:
    root = chain(tmp_path)
    reader = TokenReader(root / "shards", "heldout", length=8, seed=0, at_end="halt", tokenizer=None)
    text_bytes = sum(shard.text_bytes for shard in reader.manifest.of("heldout"))
    assert reader.text_bytes(reader.first_tokens(reader.tokens)) == text_bytes
    (root / "shards/token-bytes.bin").write_bytes(b"\0\0\0\0")
    with pytest.raises(DamagedArtifact, match="no table of 512 token lengths"):
        TokenReader(root / "shards", "heldout", length=8, seed=0, at_end="halt", tokenizer=None).text_bytes(
            np.zeros(1, int)
        )


def test_a_spelled_out_separator_stays_text(tmp_path: Path) -> None:
    root = chain(tmp_path)
    documents = lines(root / "corpus/train.jsonl")
    documents[0]["text"] = "print('<|endoftext|>')\n"
    write_lines(root / "corpus/train.jsonl", documents)
    make(root, "shards")
    manifest = read_manifest(root / "shards")
    reader = TokenReader(root / "shards", "train", length=8, seed=0, at_end="halt", tokenizer=None)
    separators = int((reader.first_tokens(reader.tokens) == manifest.separator_id).sum())
    assert separators == len(documents)


@pytest.mark.parametrize("token", ["def", "<|nothing|>", None])
def test_an_ordinary_token_is_no_separator(tmp_path: Path, token: str | None) -> None:
    root = chain(tmp_path)
    edit_json(root / "tokenizer/tokenizer_config.json", lambda config: config.update(eos_token=token))
    with pytest.raises(DamagedArtifact, match="not among the special tokens"):
        make(root, "shards")


def test_a_file_that_is_no_tokenizer_is_named(tmp_path: Path) -> None:
    root = chain(tmp_path)
    (root / "tokenizer/tokenizer.json").write_text("{}")
    with pytest.raises(DamagedArtifact, match="not a tokenizer"):
        make(root, "shards")


@pytest.mark.parametrize(("vocab_size", "dtype"), [(65_536, "uint16"), (65_537, "uint32")])
def test_the_type_holds_every_id(tmp_path: Path, vocab_size: int, dtype: str) -> None:
    assert dtype_for(vocab_size) == dtype
    writer = ShardWriter(tmp_path, vocab_size=vocab_size, separator_id=0, shard_tokens=10)
    writer.add("train", [vocab_size - 1] * 4, 4)
    writer.finish(
        separator="<|endoftext|>",
        token_bytes_V=np.ones(vocab_size, dtype=np.int64),
        tokenizer_sha256="0" * 64,
        train_sha256="0" * 64,
        heldout_sha256="0" * 64,
    )
    reader = TokenReader(tmp_path, "train", length=4, seed=0, at_end="halt", tokenizer=None)
    assert list(reader.window(0)) == [vocab_size - 1] * 4 + [0]


def test_a_foreign_tokenizer_cuts_no_text_and_its_end_token_is_found(tmp_path: Path) -> None:
    """Files of others ask for truncation and padding, and spell a token as an object."""
    from tokenizers import Tokenizer

    folder = chain(tmp_path) / "tokenizer"
    theirs = Tokenizer.from_file(str(folder / "tokenizer.json"))
    theirs.enable_truncation(4)
    theirs.enable_padding(length=50)
    theirs.save(str(folder / "tokenizer.json"))
    edit_json(
        folder / "tokenizer_config.json", lambda config: config.update(eos_token={"content": "<|endoftext|>"})
    )
    opened = open_for_documents(folder)
    assert (
        opened.decode(opened.encode("def value(index): return index").ids) == "def value(index): return index"
    )
    assert separator_of(folder, opened) == ("<|endoftext|>", opened.token_to_id("<|endoftext|>"))


def test_bytes_of_a_sentencepiece_vocabulary_are_those_of_its_text() -> None:
    from tokenizers import Tokenizer, decoders, models

    vocabulary = {"<unk>": 0, "<0x0A>": 1, "\u2581": 2, "\u2581caf\u00e9": 3, "s": 4}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>", byte_fallback=True))  # noqa: S106
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.add_special_tokens(["<unk>"])
    assert token_bytes(tokenizer, 6).tolist() == [0, 1, 1, 6, 1, 0]
