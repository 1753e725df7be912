"""TokenReader: every window once an epoch, a resume that is no detour, and an end that is never silent."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.shards.token_reader import EndOfData, TokenReader

VOCAB = 1000


def make_shards(folder: Path, counts: dict[str, list[int]], dtype: str = "uint16") -> Path:
    """A shards folder whose tokens count upwards from 0 in each split."""
    folder.mkdir(parents=True, exist_ok=True)
    shards = []
    for split, sizes in counts.items():
        first = 0
        for number, size in enumerate(sizes):
            data = (
                (np.arange(first, first + size) % VOCAB).astype(f"<{dtype[0]}{int(dtype[4:]) // 8}").tobytes()
            )
            first += size
            name = f"{split}-{number:05}.bin"
            (folder / name).write_bytes(data)
            shards.append(
                {
                    "split": split,
                    "file": name,
                    "tokens": size,
                    "documents": 1,
                    "bytes": len(data),
                    "text_bytes": size,
                    "sha256": hashlib.sha256(data).hexdigest(),
                }
            )
    manifest = {
        "format": "specship-token-shards/1",
        "dtype": dtype,
        "vocab_size": VOCAB,
        "separator": "<|endoftext|>",
        "separator_id": 0,
        "tokenizer_sha256": "0" * 64,
        "train_sha256": "1" * 64,
        "heldout_sha256": "2" * 64,
        "token_bytes_sha256": "3" * 64,
        "shards": shards,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shards(tmp_path_factory.mktemp("shards"), {"train": [37, 0, 5, 60], "heldout": [41]})


def reader(folder: Path, **options: Any) -> TokenReader:
    given_options: dict[str, Any] = {"length": 4, "seed": 1, "at_end": "cycle", "tokenizer": None} | options
    return TokenReader(folder, "train", **given_options)


def test_windows_share_one_token_and_cross_shards(shards: Path) -> None:
    read = reader(shards)
    assert read.tokens == 102
    assert read.windows == 25
    assert [list(read.window(i)) for i in range(25)] == [list(range(4 * i, 4 * i + 5)) for i in range(25)]


@given(length=st.integers(1, 50), seed=st.integers(0, 2**40), sequences=st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_every_window_comes_once_in_each_epoch(shards: Path, length: int, seed: int, sequences: int) -> None:
    read = reader(shards, length=length, seed=seed)
    batches = -(-3 * read.windows // sequences)
    firsts = np.concatenate([read.next_batch(sequences)[:, 0] for _ in range(batches)])
    for epoch in range(3):
        seen = firsts[epoch * read.windows : (epoch + 1) * read.windows]
        assert sorted(seen) == [length * i for i in range(read.windows)]


@given(
    before=st.lists(st.integers(1, 9), max_size=12),
    after=st.lists(st.integers(1, 9), min_size=1, max_size=12),
)
@settings(max_examples=60, deadline=None)
def test_a_restored_reader_equals_an_uninterrupted_one(
    shards: Path, before: list[int], after: list[int]
) -> None:
    """Batches, wraps announced and the state after them are equal, wherever the cut falls."""
    wraps: list[tuple[int, int]] = []
    whole = reader(shards, on_wrap=lambda *wrap: wraps.append(wrap))
    for sequences in before:
        whole.next_batch(sequences)
    state = json.loads(json.dumps(whole.state()))
    wraps.clear()
    resumed_wraps: list[tuple[int, int]] = []
    resumed = reader(shards, on_wrap=lambda *wrap: resumed_wraps.append(wrap))
    resumed.restore(state)
    for sequences in after:
        np.testing.assert_array_equal(whole.next_batch(sequences), resumed.next_batch(sequences))
    assert (whole.state(), wraps) == (resumed.state(), resumed_wraps)


def test_epochs_and_seeds_have_orders_of_their_own(shards: Path) -> None:
    first, second = (reader(shards).next_batch(25), reader(shards, seed=2).next_batch(25))
    assert not np.array_equal(first, second)
    read = reader(shards)
    assert not np.array_equal(read.next_batch(25), read.next_batch(25))


def test_the_order_is_fixed_for_good(shards: Path) -> None:
    """A golden order: another NumPy or another machine must not train on another sequence."""
    firsts = reader(shards, length=16).next_batch(6)[:, 0]
    assert [int(first) // 16 for first in firsts] == [2, 4, 5, 0, 3, 1]


def test_a_wrap_is_announced_exactly_once_with_the_tokens_before_it(shards: Path) -> None:
    wraps: list[tuple[int, int]] = []
    read = reader(shards, on_wrap=lambda *wrap: wraps.append(wrap))
    read.next_batch(25)
    assert wraps == []
    read.next_batch(1)
    assert wraps == [(1, 100)]
    read.next_batch(60)  # one batch may hold several epochs of a small corpus
    assert wraps == [(1, 100), (2, 200), (3, 300)]
    assert read.tokens_seen == 86 * 4


def test_the_end_of_the_data_halts_and_consumes_nothing(shards: Path) -> None:
    read = reader(shards, at_end="halt")
    read.next_batch(20)
    with pytest.raises(EndOfData, match="8 windows asked for, 5 left after 80 tokens") as ended:
        read.next_batch(8)
    assert (ended.value.asked, ended.value.left) == (8, 5)
    assert read.next_batch(5).shape == (5, 5)
    with pytest.raises(EndOfData, match="0 left"):
        read.next_batch(1)


def test_heldout_windows_are_the_same_whatever_was_read_before(shards: Path) -> None:
    read = TokenReader(shards, "heldout", length=4, seed=9, at_end="halt", tokenizer=None)
    tokens = read.heldout_windows(8, 30)
    read.next_batch(2)
    np.testing.assert_array_equal(tokens, read.heldout_windows(8, 30))
    assert tokens.shape == (3, 9)
    assert read.heldout_windows(8).shape == (5, 9)
    assert list(tokens[:, 0]) == [0, 8, 16]
    assert tokens.dtype == np.int64


@pytest.mark.parametrize(("length", "limit"), [(50, None), (8, 7)])
def test_heldout_windows_refuse_less_than_one(shards: Path, length: int, limit: int | None) -> None:
    read = TokenReader(shards, "heldout", length=4, seed=0, at_end="halt", tokenizer=None)
    with pytest.raises(UnusableInput):
        read.heldout_windows(length, limit)


def test_heldout_windows_are_refused_on_the_training_split(shards: Path) -> None:
    with pytest.raises(UnusableInput, match="train split"):
        reader(shards).heldout_windows(4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 2}, "seed was 2 and is 1"),
        ({"length": 5}, "length was 5 and is 4"),
        ({"windows": 26}, "windows was 26 and is 25"),
        ({"epoch": -1}, "no place"),
        ({"cursor": 26}, "no place"),
    ],
)
def test_a_place_of_another_order_is_refused(shards: Path, change: dict[str, int], message: str) -> None:
    read = reader(shards)
    with pytest.raises(UnusableInput, match=message):
        read.restore(read.state() | change)


@pytest.mark.parametrize(
    "options", [{"length": 0}, {"seed": -1}, {"at_end": "placeholder"}, {"length": 102}], ids=str
)
def test_readers_that_make_no_sense_are_refused(shards: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UnusableInput):
        reader(shards, **options)


def test_uint32_shards_read_alike(shards: Path, tmp_path: Path) -> None:
    wide = make_shards(tmp_path / "wide", {"train": [37, 0, 5, 60]}, dtype="uint32")
    np.testing.assert_array_equal(reader(shards).next_batch(25), reader(wide).next_batch(25))


def _cut(folder: Path) -> None:
    data = (folder / "train-00003.bin").read_bytes()
    (folder / "train-00003.bin").write_bytes(data[:-2])


def _drop(folder: Path) -> None:
    (folder / "train-00000.bin").unlink()


def _edit(**change: Any) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["shards"][0] |= change
        (folder / "manifest.json").write_text(json.dumps(manifest))

    return apply


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_cut, "has 118 bytes; its manifest says 120"),
        (_drop, "missing or is not a regular file"),
        (_edit(tokens=36), "74 bytes cannot hold 36 uint16"),
        (_edit(file="../heldout-00000.bin"), "malformed"),
        (_edit(surprise=1), "malformed"),
        (lambda folder: (folder / "manifest.json").unlink(), "cannot be opened"),
        (lambda folder: (folder / "manifest.json").write_text('{"a": 1, "a": 2}'), "given twice"),
    ],
)
def test_a_folder_that_disagrees_with_its_manifest_is_refused(
    shards: Path, tmp_path: Path, damage: Callable[[Path], object], message: str
) -> None:
    folder = Path(shutil.copytree(shards, tmp_path / "copy"))
    damage(folder)
    with pytest.raises(DamagedArtifact, match=message):
        reader(folder)


def test_an_id_outside_the_vocabulary_is_named(shards: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shards, tmp_path / "copy"))
    (folder / "train-00002.bin").write_bytes(np.full(5, VOCAB, dtype="<u2").tobytes())
    with pytest.raises(DamagedArtifact, match="token id 1000 is outside a vocabulary of 1000"):
        reader(folder).next_batch(25)
