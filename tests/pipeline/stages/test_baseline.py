"""The bigram baseline: a distribution that sums to one, beats single tokens, and never reads held-out text."""

import json
from pathlib import Path

import numpy as np
import pytest

from specship.errors import UnusableInput
from specship.pipeline.shards.baseline import targets_sha256
from specship.pipeline.shards.bigrams import (
    DISCOUNTS,
    LOWERS,
    Lower,
    PairCounts,
    choose,
    count_pairs,
    lower_order,
    token_losses,
)
from specship.pipeline.shards.token_reader import TokenReader
from tests.models.data_chain import chain, make

SIZE = 30


def some_tokens(count: int, seed: int = 0) -> np.ndarray:
    """A sequence in which each token mostly follows a fixed one, and two ids never occur."""
    draw = np.random.default_rng(seed)
    tokens = [0]
    for _ in range(count - 1):
        tokens.append(
            (tokens[-1] * 7 + 3) % (SIZE - 2) if draw.random() < 0.8 else int(draw.integers(SIZE - 2))
        )
    return np.array(tokens, dtype=np.int64)


@pytest.mark.parametrize("lower", LOWERS)
@pytest.mark.parametrize("discount", [DISCOUNTS[0], DISCOUNTS[-1]])
def test_the_law_sums_to_one_after_every_token(lower: Lower, discount: float) -> None:
    """Also after a token that training never saw, which falls back to the lower order."""
    counts = count_pairs(some_tokens(400), SIZE)
    assert lower_order(counts, lower).sum() == pytest.approx(1.0)
    for first in range(SIZE):
        pairs = np.array([(first, second) for second in range(SIZE)])
        assert np.exp(-token_losses(counts, pairs, discount, lower)).sum() == pytest.approx(1.0)


def test_it_equals_the_formula_worked_out_by_hand() -> None:
    """Tokens 0 1 0 1 0 2: after 0 come 1, 1, 2; after 1 come 0, 0."""
    counts = count_pairs(np.array([0, 1, 0, 1, 0, 2]), 4)
    # Continuation counts: 0 after {1}, 1 after {0}, 2 after {0}: 1, 1, 1, 0; n1 = 3, n2 = 0, so E = 1.
    below = 0 / 3 + 1 * 3 / 3 / 4
    expected = (2 - 0.5) / 3 + 0.5 * 2 / 3 * below
    loss = token_losses(counts, np.array([[0, 1]]), 0.5, "continuation")
    assert np.exp(-loss[0]) == pytest.approx(expected)


def test_counting_in_pieces_and_sparsely_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = some_tokens(500)
    whole = count_pairs(tokens, SIZE)
    for name, value in (("_COUNTED_AT_ONCE", 37), ("_COUNTED_DENSELY", 0)):
        monkeypatch.setattr(f"specship.pipeline.shards.bigrams.{name}", value)
        again: PairCounts = count_pairs(tokens, SIZE)
        np.testing.assert_array_equal(whole.keys_K, again.keys_K)
        np.testing.assert_array_equal(whole.counts_K, again.counts_K)
        np.testing.assert_array_equal(whole.occurrences_V, again.occurrences_V)


def test_the_choice_is_the_best_of_those_tried() -> None:
    tokens = some_tokens(3000)
    choice = choose(tokens, SIZE, 500)
    fitted = count_pairs(tokens[:-500], SIZE)
    pairs = np.stack([tokens[-500:-1], tokens[-499:]], axis=1)
    losses = [token_losses(fitted, pairs, d, lower).mean() for lower in LOWERS for d in DISCOUNTS]
    assert choice.slice_loss == pytest.approx(min(losses))


def test_it_finds_the_entropy_of_a_known_chain() -> None:
    """With enough tokens the loss comes near the chain's own entropy, which nothing can beat."""
    train, test = some_tokens(60_000), some_tokens(20_000, seed=1)
    counts = count_pairs(train, SIZE)
    loss = token_losses(counts, np.stack([test[:-1], test[1:]], axis=1), 0.5, "continuation").mean()
    others = SIZE - 3
    usual = 0.8 + 0.2 / (SIZE - 2)
    entropy = -usual * np.log(usual) - others * 0.2 / (SIZE - 2) * np.log(0.2 / (SIZE - 2))
    assert entropy - 0.03 < loss < entropy + 0.03


def result(root: Path) -> dict[str, float]:
    plain: dict[str, float] = json.loads((root / "baseline/bigram.json").read_text())
    return plain


def test_neighbours_beat_single_tokens_beat_nothing(tmp_path: Path) -> None:
    figures = result(chain(tmp_path))
    assert (
        figures["loss_nats_per_token"]
        < figures["unigram_loss_nats_per_token"]
        < figures["uniform_loss_nats_per_token"]
    )


def test_it_scores_the_targets_of_the_held_out_windows(tmp_path: Path) -> None:
    root = chain(tmp_path)
    figures = result(root)
    windows = TokenReader(
        root / "shards", "heldout", length=128, seed=3, at_end="halt", tokenizer=None
    ).heldout_windows(128, 4096)
    assert figures["heldout_tokens"] == 4096
    assert figures["heldout_targets_sha256"] == targets_sha256(windows[:, 1:].ravel())  # type: ignore[comparison-overlap]


def test_fewer_training_tokens_make_a_worse_model(tmp_path: Path) -> None:
    root = chain(tmp_path)
    loss = result(root)["loss_nats_per_token"]
    make(root, "baseline", baseline={"train_tokens": 2000})
    assert result(root)["train_tokens"] == 2000
    assert result(root)["loss_nats_per_token"] > loss


def test_held_out_tokens_choose_nothing(tmp_path: Path) -> None:
    """The discount stays the same when the held-out split is other text."""
    root = chain(tmp_path)
    before = result(root)
    path = root / "shards/heldout-00000.bin"
    path.write_bytes(np.roll(np.fromfile(path, dtype="<u2"), 1)[::-1].tobytes())
    make(root, "baseline")
    after = result(root)
    assert after["loss_nats_per_token"] != before["loss_nats_per_token"]
    for name in ("discount", "lower_order", "slice_loss_nats_per_token"):
        assert after[name] == before[name]


def test_a_handful_of_tokens_is_refused(tmp_path: Path) -> None:
    from specship.pipeline.shards.writer import ShardWriter

    (tmp_path / "shards").mkdir()
    writer = ShardWriter(tmp_path / "shards", vocab_size=300, separator_id=0, shard_tokens=100)
    writer.add("train", [5] * 20, 20)
    writer.add("heldout", [5] * 20, 20)
    digest = "0" * 64
    writer.finish(
        separator="<|endoftext|>",
        token_bytes_V=np.ones(300, dtype=np.int64),
        tokenizer_sha256=digest,
        train_sha256=digest,
        heldout_sha256=digest,
    )
    with pytest.raises(UnusableInput, match="too few"):
        make(tmp_path, "baseline")
