"""`shards.manifest` and `shards.encoding` on small real shards."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from specship.errors import DamagedArtifact
from tests.editing import edit_json, lines, write_lines
from tests.models.data_chain import chain, make, measure

MANIFEST, ENCODING = "shards.manifest", "shards.encoding"
FAULTS = ("wrong_sizes", "wrong_digests", "unlisted_files", "foreign_inputs")


def test_sound_shards_are_what_their_manifest_says(tmp_path: Path) -> None:
    figures = measure(MANIFEST, chain(tmp_path))
    assert {name: figures[name] for name in FAULTS} == dict.fromkeys(FAULTS, 0)
    assert float(figures["shards"] or 0) >= 3
    assert figures["tokens"] == float(figures["train_tokens"] or 0) + float(figures["heldout_tokens"] or 0)


def _cut(root: Path) -> None:
    path = root / "shards/train-00000.bin"
    path.write_bytes(path.read_bytes()[:-4])


def _flip(root: Path) -> None:
    path = root / "shards/train-00000.bin"
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)


def _claim_more(root: Path) -> None:
    edit_json(root / "shards/manifest.json", lambda m: m["shards"][0].update(tokens=10**6, bytes=2 * 10**6))


def _other_corpus(root: Path) -> None:
    write_lines(root / "corpus/train.jsonl", lines(root / "corpus/train.jsonl")[1:])


def _other_tokenizer(root: Path) -> None:
    make(root, "tokenizer", tokenizer={"train_bytes": 60_000})


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (_cut, {"wrong_sizes": 1, "wrong_digests": 1}),
        (_flip, {"wrong_digests": 1}),
        (_claim_more, {"wrong_sizes": 1}),
        (lambda root: (root / "shards/train-99999.bin").write_bytes(b"\0\0"), {"unlisted_files": 1}),
        (_other_corpus, {"foreign_inputs": 1}),
        (_other_tokenizer, {"foreign_inputs": 1}),
    ],
)
def test_a_planted_fault_is_counted_and_nothing_else(
    tmp_path: Path, fault: Callable[[Path], object], expected: dict[str, int]
) -> None:
    root = chain(tmp_path)
    fault(root)
    figures = measure(MANIFEST, root)
    assert {name: figures[name] for name in FAULTS} == dict.fromkeys(FAULTS, 0) | expected


def test_sound_shards_hold_the_documents(tmp_path: Path) -> None:
    figures = measure(ENCODING, chain(tmp_path))
    assert float(figures["documents_encoded"] or 0) > 10
    assert (figures["mismatches"], figures["surplus_documents"]) == (0, 0)
    assert 1.8 < float(figures["bytes_per_token"] or 0) < 3.0
    assert 0.9 < float(figures["heldout_to_train"] or 0) < 1.1


def test_an_encoder_that_only_knows_bytes_leaves_the_band(tmp_path: Path) -> None:
    root = chain(tmp_path)
    edit_json(root / "tokenizer/tokenizer.json", lambda plain: plain["model"].update(merges=[]))
    make(root, "shards")
    figures = measure(ENCODING, root)
    assert figures["mismatches"] == 0
    assert figures["bytes_per_token"] == 1.0


def test_shards_in_another_order_are_caught(tmp_path: Path) -> None:
    root = chain(tmp_path)
    path = root / "shards/heldout-00000.bin"
    path.write_bytes(np.roll(np.fromfile(path, dtype="<u2"), 1000).tobytes())
    assert float(measure(ENCODING, root)["mismatches"] or 0) > 0


def test_missing_documents_are_counted(tmp_path: Path) -> None:
    root = chain(tmp_path)
    edit_json(root / "shards/manifest.json", lambda manifest: manifest["shards"].pop(0))
    assert float(measure(ENCODING, root)["surplus_documents"] or 0) < 0


@pytest.mark.parametrize("probe", [MANIFEST, ENCODING])
@pytest.mark.parametrize("change", [{"shards": None}, {"dtype": "int8"}, {"shards": [{"file": "../x.bin"}]}])
def test_an_unreadable_manifest_is_an_error(tmp_path: Path, probe: str, change: dict[str, object]) -> None:
    root = chain(tmp_path)
    edit_json(root / "shards/manifest.json", lambda manifest: manifest.update(change))
    with pytest.raises(DamagedArtifact, match=r"manifest\.json"):
        measure(probe, root)


def test_a_missing_shard_is_an_error(tmp_path: Path) -> None:
    root = chain(tmp_path)
    (root / "shards/train-00000.bin").unlink()
    with pytest.raises(DamagedArtifact, match="the shard is missing"):
        measure(MANIFEST, root)
