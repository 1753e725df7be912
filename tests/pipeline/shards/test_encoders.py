"""Which library encodes, what is recorded of it, and shards that go on behind a kill."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from specship.errors import UnusableInput
from specship.pipeline.shards import encoders
from specship.pipeline.shards.encoding import ShardsSettings, encode_shards
from specship.pipeline.shards.manifest import read_manifest
from specship.pipeline.shards.writer import JOURNAL
from specship.pipeline.stage import Work
from specship.pipeline.tokenizer.merge_ranks import MergeRanks
from tests.editing import edit_json
from tests.models.data_chain import chain, silent


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return chain(tmp_path)


def encoded(root: Path, name: str, report: Any = silent, **settings: Any) -> dict[str, bytes]:
    output = root / name
    output.mkdir(exist_ok=True)
    work = Work(
        {"shards": ShardsSettings(shard_tokens=20_000, **settings)},
        {"corpus": root / "corpus", "tokenizer": root / "tokenizer"},
        output,
        report,
    )
    encode_shards(work)
    return {path.name: path.read_bytes() for path in output.glob("*.bin")}


def test_both_libraries_write_the_same_shards_and_say_who_they_are(root: Path) -> None:
    assert encoded(root, "fast", engine="tiktoken") == encoded(root, "plain", engine="tokenizers")
    fast, plain = read_manifest(root / "fast").encoder, read_manifest(root / "plain").encoder
    assert fast is not None
    assert plain is not None
    assert (fast.name, fast.compared > 0) == ("tiktoken", True)
    assert (plain.name, plain.reason) == ("tokenizers", "asked for")


def test_a_tokenizer_that_has_no_twin_is_encoded_by_its_own_library_and_the_reason_kept(root: Path) -> None:
    edit_json(root / "tokenizer/tokenizer.json", lambda one: one.update(normalizer={"type": "NFC"}))
    encoded(root, "auto")
    entry = read_manifest(root / "auto").encoder
    assert entry is not None
    assert (entry.name, entry.reason) == ("tokenizers", "it normalises text")
    with pytest.raises(UnusableInput, match="normalises text"):
        encoded(root, "asked", engine="tiktoken")


def test_one_unequal_document_gives_the_whole_corpus_to_the_other_library(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = encoded(root, "plain", engine="tokenizers")
    original = MergeRanks.encode

    def wrong(ranks: MergeRanks, text: str) -> Any:
        ids = original(ranks, text)
        return None if ids is None else ids[::-1]

    monkeypatch.setattr(MergeRanks, "encode", wrong)
    monkeypatch.setattr(encoders, "_COMPARED_EVERY", 7)
    assert encoded(root, "auto") == plain
    entry = read_manifest(root / "auto").encoder
    assert entry is not None
    assert "other tokens" in entry.reason
    with pytest.raises(UnusableInput, match="other tokens"):
        encoded(root, "asked", engine="tiktoken")


def test_whole_shards_are_kept_and_the_rest_is_written_again(root: Path) -> None:
    whole = encoded(root, "whole")
    batches = iter(range(100))

    def killed(*_: Any, **__: Any) -> None:
        if next(batches) >= 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encoded(root, "resumed", killed)
    kept = json.loads((root / "resumed" / JOURNAL).read_text())["shards"]
    assert kept
    first = root / "resumed" / kept[0]["file"]
    written = first.stat().st_mtime_ns
    (root / "resumed/train-00099.bin").write_bytes(b"left")
    assert encoded(root, "resumed") == whole
    assert first.stat().st_mtime_ns == written
    assert not (root / "resumed" / JOURNAL).exists()
    assert read_manifest(root / "resumed").shards == read_manifest(root / "whole").shards


def test_another_tokenizer_keeps_nothing(root: Path) -> None:
    encoded(root, "one")
    shutil.copytree(root / "one", root / "two")
    journal = {
        "identity": "of another",
        "shards": json.loads((root / "one/manifest.json").read_text())["shards"],
    }
    (root / "two" / JOURNAL).write_text(json.dumps(journal))
    (root / "two/train-00000.bin").write_bytes(b"other bytes of another tokenizer")
    assert encoded(root, "two") == encoded(root, "three")
