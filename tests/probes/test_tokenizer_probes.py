"""`tokenizer.round_trip`, `tokenizer.vocabulary` and `tokenizer.special_tokens` on a small real tokenizer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from specship.errors import DamagedArtifact
from tests.editing import edit_json, lines
from tests.models.data_chain import VOCAB, chain, measure

ROUND_TRIP, VOCABULARY, SPECIAL = "tokenizer.round_trip", "tokenizer.vocabulary", "tokenizer.special_tokens"


def edit_tokenizer(root: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    edit_json(root / "tokenizer/tokenizer.json", change)
    return root


def test_a_sound_tokenizer_gives_every_text_back(tmp_path: Path) -> None:
    root = chain(tmp_path)
    figures = measure(ROUND_TRIP, root)
    assert figures["documents"] == len(lines(root / "corpus/heldout.jsonl"))
    assert [figures[name] for name in ("mismatches", "hard_mismatches", "merged_forms")] == [0, 0, 0]
    assert figures["normalizer"] == "none"


def test_a_split_at_whitespace_loses_indentation(tmp_path: Path) -> None:
    whitespace = {
        "type": "Sequence",
        "pretokenizers": [
            {"type": "WhitespaceSplit"},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        ],
    }
    root = edit_tokenizer(chain(tmp_path), lambda plain: plain.update(pre_tokenizer=whitespace))
    figures = measure(ROUND_TRIP, root)
    assert figures["mismatches"] == figures["documents"]
    assert float(figures["hard_mismatches"] or 0) > 0


def test_a_normaliser_merges_two_texts_into_one(tmp_path: Path) -> None:
    root = edit_tokenizer(chain(tmp_path), lambda plain: plain.update(normalizer={"type": "NFC"}))
    figures = measure(ROUND_TRIP, root)
    assert figures["merged_forms"] == 1
    assert figures["normalizer"] == "NFC"


def test_a_sound_vocabulary_covers_bytes_and_shards(tmp_path: Path) -> None:
    root = chain(tmp_path)
    figures = measure(VOCABULARY, root)
    assert figures["tokenizer_size"] == figures["manifest_size"] == VOCAB
    assert float(figures["highest_id"] or 0) < VOCAB
    assert [figures[name] for name in ("ids_outside", "unused_ids", "missing_bytes")] == [0, 0, 0]
    sizes = sum(
        path.stat().st_size for path in (root / "shards").glob("*-*.bin") if "token-" not in path.name
    )
    assert figures["tokens"] == sizes // 2


def test_ids_that_the_tokenizer_lacks_are_counted(tmp_path: Path) -> None:
    root = chain(tmp_path)
    path = root / "shards/train-00001.bin"
    tokens = np.fromfile(path, dtype="<u2")
    tokens[[5, 9]] = (VOCAB, 65_535)
    path.write_bytes(tokens.tobytes())
    figures = measure(VOCABULARY, root)
    assert (figures["ids_outside"], figures["highest_id"]) == (2, 65_535)


def test_a_byte_that_cannot_be_written_is_counted(tmp_path: Path) -> None:
    def drop(plain: dict[str, Any]) -> None:
        vocabulary = plain["model"]["vocab"]
        vocabulary["surplus"] = vocabulary.pop("\u0143")

    assert measure(VOCABULARY, edit_tokenizer(chain(tmp_path), drop))["missing_bytes"] == 1


def test_a_manifest_of_another_vocabulary_shows(tmp_path: Path) -> None:
    root = chain(tmp_path)
    edit_json(root / "shards/manifest.json", lambda manifest: manifest.update(vocab_size=50_000))
    assert measure(VOCABULARY, root)["manifest_size"] == 50_000


def test_sound_documents_end_with_the_end_token(tmp_path: Path) -> None:
    root = chain(tmp_path)
    figures = measure(SPECIAL, root)
    assert (
        figures["separators"]
        == figures["documents"]
        == sum(len(lines(root / f"corpus/{split}.jsonl")) for split in ("train", "heldout"))
    )
    faults = ("surplus_separators", "wrong_separators", "ordinary_separators", "unfinished_shards")
    assert [figures[name] for name in faults] == [0, 0, 0, 0]
    assert figures["opened_size"] == VOCAB


def test_an_ordinary_separator_is_caught(tmp_path: Path) -> None:
    """Shards written with an ordinary id instead of the end token."""
    root = chain(tmp_path)
    edit_json(root / "shards/manifest.json", lambda manifest: manifest.update(separator_id=300))
    for path in (root / "shards").glob("[th]*-0*.bin"):
        tokens = np.fromfile(path, dtype="<u2")
        path.write_bytes(np.where(tokens == 0, 300, tokens).astype("<u2").tobytes())
    figures = measure(SPECIAL, root)
    assert (figures["wrong_separators"], figures["ordinary_separators"]) == (1, 1)
    assert float(figures["surplus_separators"] or 0) > 0


def test_a_shard_that_ends_inside_a_document_is_caught(tmp_path: Path) -> None:
    root = chain(tmp_path)
    path = root / "shards/heldout-00000.bin"
    path.write_bytes(path.read_bytes()[:-2])
    figures = measure(SPECIAL, root)
    assert (figures["unfinished_shards"], figures["surplus_separators"]) == (1, -1)


@pytest.mark.parametrize("probe", [ROUND_TRIP, VOCABULARY, SPECIAL])
def test_a_file_that_is_no_tokenizer_is_an_error(tmp_path: Path, probe: str) -> None:
    root = chain(tmp_path)
    (root / "tokenizer/tokenizer.json").write_text("{}")
    with pytest.raises(DamagedArtifact, match="tokenizer"):
        measure(probe, root)
