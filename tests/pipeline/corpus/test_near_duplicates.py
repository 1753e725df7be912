"""Shingles, sketches and the Jaccard index against plain sets of words."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specship.pipeline.corpus.near_duplicates import (
    HeldOutShingles,
    containment,
    crowded_bands,
    jaccard,
    near_duplicates,
    shingles_of,
    sketch,
)

WORDS = [f"word{n}" for n in range(400)]


def plain(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return {tuple(words[i : i + 5]) for i in range(max(1, len(words) - 4))} if words else set()


@given(
    one=st.lists(st.sampled_from(["a", "b", "if", "x_1", "returns"]), max_size=40),
    other=st.lists(st.sampled_from(["a", "b", "if", "x_1", "returns"]), max_size=40),
    between=st.sampled_from([" ", "\n", "\t(", " + "]),
)
@settings(max_examples=150, deadline=None)
def test_hashed_shingles_have_the_jaccard_index_of_the_real_ones(
    one: list[str], other: list[str], between: str
) -> None:
    sets = plain(" ".join(one)), plain(" ".join(other))
    hashed = [shingles_of(between.join(words).encode()) for words in (one, other)]
    assert [len(shingles) for shingles in hashed] == [len(shingles) for shingles in sets]
    union = sets[0] | sets[1]
    assert jaccard(*hashed) == pytest.approx(len(sets[0] & sets[1]) / len(union) if union else 0.0)


def text_with(changed: int, start: int = 0) -> bytes:
    """300 words of which the last ones are other words."""
    words = [*WORDS[start : start + 300 - changed], *(f"other{start}{n}" for n in range(changed))]
    return " ".join(words).encode()


def removed(shingles: list[Any], threshold: float) -> list[tuple[int, int, float]]:
    sketches = sketch(shingles)
    crowded = crowded_bands(lambda: [sketches], np.arange(len(shingles)))
    return list(near_duplicates(crowded, sketches.__getitem__, shingles.__getitem__, threshold))


def test_planted_near_duplicates_are_found_and_others_stay() -> None:
    texts = [text_with(0), text_with(20), text_with(40), text_with(150), text_with(0)[::-1]]
    shingles = [shingles_of(text) for text in texts]
    found = removed(shingles, 0.75)
    assert [(duplicate, kept) for duplicate, kept, _ in found] == [(1, 0), (2, 0)]
    assert all(index >= 0.75 for _, _, index in found)


def test_a_part_is_contained_though_its_jaccard_index_is_small() -> None:
    part, whole = shingles_of(text_with(0)[:400]), shingles_of(text_with(0))
    stranger = shingles_of(b"quite another text with no word in common at all")
    assert jaccard(part, whole) < 0.5
    held = HeldOutShingles([stranger, part, np.empty(0, dtype=np.uint64)], 3)
    assert held.candidates(whole, 0.7) == [1]
    assert containment(part, whole) > 0.9
    assert containment(stranger, whole) == containment(np.empty(0, dtype=np.uint64), whole) == 0


def test_heads_that_all_share_make_no_pairs_and_copies_are_each_compared_once() -> None:
    """Time and memory grow with the documents: neither with all pairs of what begins or is alike."""
    head = text_with(0)
    alike = [shingles_of(head + b" tail%d" % n) for n in range(400)]
    compared: list[int] = []
    sketches = sketch(alike)
    crowded = crowded_bands(lambda: [sketches], np.arange(len(alike)))

    def shingles_at(number: int) -> Any:
        compared.append(number)
        return alike[number]

    found = list(near_duplicates(crowded, sketches.__getitem__, shingles_at, 0.8))
    assert [(one, kept) for one, kept, _ in found] == [(n, 0) for n in range(1, 400)]
    assert len(compared) == 2 * 399
    others = [shingles_of(head[:600] + b" " + text_with(0, start=100 + n)) for n in range(200)]
    assert len(HeldOutShingles(others, 200).candidates(shingles_of(head[:600]), 0.7)) < 20


def test_texts_without_words_repeat_nothing() -> None:
    nothing = shingles_of(b"+ - *\n")
    assert len(nothing) == 0
    assert jaccard(nothing, nothing) == 0.0
