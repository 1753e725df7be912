"""Batches read ahead are those of the bare reader, and so are place, wraps and end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch

from specship.errors import DamagedArtifact
from specship.pipeline.shards.token_reader import EndOfData, OnWrap, TokenReader
from specship.pipeline.training.engine.batches import BatchStream
from tests.models.training_data import make_shards


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shards(tmp_path_factory.mktemp("shards"), train=1000)


def reader(shards: Path, at_end: Literal["halt", "cycle"], on_wrap: OnWrap | None = None) -> TokenReader:
    return TokenReader(shards, "train", length=16, seed=3, at_end=at_end, tokenizer=None, on_wrap=on_wrap)


def stream(shards: Path, at_end: Literal["halt", "cycle"] = "cycle", on_wrap: Any = None) -> BatchStream:
    return BatchStream(
        lambda wrapped: reader(shards, at_end, wrapped),
        batches=3,
        sequences=4,
        device=torch.device("cpu"),
        on_wrap=on_wrap,
    )


def by_hand(shards: Path, wraps: list[Any]) -> Iterator[tuple[Any, dict[str, int], int]]:
    """Batches, place and wraps so far of a reader without a thread."""
    bare = reader(shards, "cycle", lambda *found: wraps.append(found))
    while True:
        yield np.stack([bare.next_batch(4) for _ in range(3)]), bare.state(), len(wraps)


def test_batches_place_and_wraps_are_those_of_the_reader(shards: Path) -> None:
    """62 windows are five steps and a bit: two wraps in twelve steps, each told with the batch that met it."""
    told: list[Any] = []
    met: list[Any] = []
    ahead = stream(shards, on_wrap=lambda *found: told.append(found))
    for _, (tokens_ABT, place, wraps) in zip(range(12), by_hand(shards, met), strict=False):  # noqa: N806
        assert np.array_equal(ahead.next().tokens_ABT.numpy(), tokens_ABT)
        assert ahead.state() == place
        assert len(told) == wraps
    assert told == met
    assert len(told) == 2


def test_a_place_is_taken_up_again_whatever_was_read_ahead(shards: Path) -> None:
    one, other = stream(shards), stream(shards)
    for _ in range(4):
        one.next()
    place = one.state()
    expected = [one.next().tokens_ABT for _ in range(3)]
    other.next()
    other.restore(place)
    assert other.state() == place
    assert all(torch.equal(other.next().tokens_ABT, batch) for batch in expected)


def test_the_end_is_told_when_it_is_reached(shards: Path) -> None:
    """Five whole steps; read ahead it was met before, and nothing of it is heard."""
    ahead = stream(shards, "halt")
    for _ in range(5):
        ahead.next()
    with pytest.raises(EndOfData, match="4 windows asked for, 2 left"):
        ahead.next()


def test_a_shard_that_is_damaged_while_it_is_read_is_told(tmp_path: Path) -> None:
    """An id beyond the vocabulary, behind the steps that were read ahead of it."""
    damaged = make_shards(tmp_path / "shards", train=1000)
    ahead = stream(damaged)
    ahead.next()
    with (damaged / "train-00000.bin").open("r+b") as file:
        file.write(b"\xff\xff" * 1000)
    with pytest.raises(DamagedArtifact, match="outside a vocabulary"):
        [ahead.next() for _ in range(4)]
