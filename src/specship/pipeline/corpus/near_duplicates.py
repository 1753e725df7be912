"""Near-duplicate documents: MinHash finds candidates, the real Jaccard index decides.

A document is the set of its shingles, five consecutive words each, where a word is a run of
letters, digits, underscores and bytes above 127; what stands between words does not count. Two
documents are near-duplicates when their sets overlap to at least a Jaccard index that the
profile names (0.8 as in Lee et al. 2021, arXiv:2107.06499, who also use five words).

Shingles are 64-bit hashes made in NumPy without building a string for each. Sketches of 128
values in 32 bands miss a pair of Jaccard 0.8 with a probability of (1 - 0.8**4)**32 = 5e-8.
"""
# ruff: noqa: N803, N806 - a suffix names the axes: N bytes, W words, S shingles, D documents

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]
    Sketches = NDArray[np.uint32]
    Members = NDArray[np.int32]

SHINGLE_WORDS: Final = 5
PERMUTATIONS: Final = 128
_BANDS: Final = 32
_SEED: Final = 20220414
_REMEMBERED: Final = 32
"""Kept documents of a crowded band that a later one is held against; a near one meets them in others."""
_ESTIMATE_MARGIN: Final = 0.2
"""An estimate from 128 values lies this far below the index once in a million times."""
_SAMPLE: Final = 128
_SAMPLE_MARGIN: Final = 0.2
_COMMON: Final = 64
_FEWEST: Final = 64
_KEYS_AT_ONCE: Final = 1 << 16
_BYTE_BASE: Final = 0x9E3779B97F4A7C15  # odd, therefore invertible modulo 2**64
_WORD_BASE: Final = 0xBF58476D1CE4E5B9


@cache  # one entry for each power of two up to the longest file
def _powers(exponent: int) -> tuple[Hashes, Hashes]:
    """Powers 0 … 2**exponent - 1 of the byte base and of its inverse, modulo 2**64."""
    import numpy as np

    def table(base: int) -> Hashes:
        values = np.full(1 << exponent, np.uint64(base), dtype=np.uint64)
        values[0] = 1
        return np.multiply.accumulate(values)

    return table(_BYTE_BASE), table(pow(_BYTE_BASE, -1, 1 << 64))


def _mix(hashes: Hashes) -> Hashes:
    """Spread every input bit over the output (the finaliser of splitmix64)."""
    import numpy as np

    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))


def _word_hashes(data: bytes) -> Hashes:
    """A hash for each word in order: its polynomial, shifted back to where the word begins."""
    import numpy as np

    bytes_N = np.frombuffer(data, dtype=np.uint8)
    letters_N = _word_bytes()[bytes_N]
    edges = np.flatnonzero(np.diff(letters_N, prepend=False, append=False))
    starts_W, ends_W = edges[::2], edges[1::2]
    powers, inverses = _powers(max(16, len(data).bit_length()))
    sums_N = np.zeros(len(data) + 1, dtype=np.uint64)
    np.cumsum(bytes_N * powers[: len(data)], dtype=np.uint64, out=sums_N[1:])
    return _mix((sums_N[ends_W] - sums_N[starts_W]) * inverses[starts_W])


@cache
def _word_bytes() -> NDArray[np.bool_]:
    import numpy as np

    return np.array([byte > 127 or byte == 95 or chr(byte).isalnum() for byte in range(256)])


def shingles_of(data: bytes) -> Hashes:
    """Sorted unique shingle hashes of a document; one of all its words when it has fewer than five."""
    import numpy as np

    return np.unique(shingles_in_order(data))


def shingles_in_order(data: bytes) -> Hashes:
    """The same as they stand in the document, each as often as it does: all that a sketch needs."""
    import numpy as np

    words_W = _word_hashes(data)
    if not len(words_W):
        return words_W
    width = min(SHINGLE_WORDS, len(words_W))
    count = len(words_W) - width + 1
    hashes_S = np.zeros(count, dtype=np.uint64)
    for place in range(width):
        hashes_S = hashes_S * np.uint64(_WORD_BASE) + words_W[place : place + count]
    return _mix(hashes_S)


def jaccard(one_S: Hashes, other_S: Hashes) -> float:
    """Shared shingles over all shingles of two documents, 0 to 1; two empty ones share nothing."""
    import numpy as np

    shared = len(np.intersect1d(one_S, other_S, assume_unique=True))
    union = len(one_S) + len(other_S) - shared
    return shared / union if union else 0.0


def sketch(shingles: Sequence[Hashes]) -> Sketches:
    """MinHash sketches `sketches_DP` of some documents, uint32, P = 128."""
    import numpy as np
    from rensa import RMinHash

    ends = np.cumsum([0, *map(len, shingles)])
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        np.concatenate(shingles), ends.astype(np.uint64), PERMUTATIONS, _SEED
    )
    return np.array(matrix.to_rows(), dtype=np.uint32)


def crowded_bands(
    sketches: Callable[[], Iterable[Sketches]], order_D: NDArray[np.int64]
) -> tuple[Members, Members]:
    """Which documents share a whole band with which: `documents_M` and `groups_M`, sorted by document.

    A document's number is its place in `order_D`, which holds places in what `sketches` gives: the sketches
    of all that was read, in chunks. It is asked once a band, so that one key a document is in memory. A group
    has at least two documents, and a document stands in as many groups as it shares bands.
    """
    import numpy as np

    documents: list[Members] = []
    groups: list[Members] = []
    found = 0
    for band in range(_BANDS):
        keys = [_band_keys(chunk_DP, band) for chunk_DP in sketches()]
        keys_D = np.concatenate([*keys, np.empty(0, dtype=np.uint64)])[order_D]
        order = np.argsort(keys_D, kind="stable")
        sorted_D = keys_D[order]
        starts = np.flatnonzero(np.r_[len(order) > 0, sorted_D[1:] != sorted_D[:-1]])
        counts = np.diff(np.r_[starts, len(order)])
        crowded = counts > 1
        documents.append(order[np.repeat(crowded, counts)].astype(np.int32))
        numbers = np.arange(found, found + int(crowded.sum()), dtype=np.int32)
        groups.append(np.repeat(numbers, counts[crowded]))
        found += len(numbers)
    documents_M = np.concatenate(documents)
    order = np.argsort(documents_M, kind="stable")
    return documents_M[order], np.concatenate(groups)[order]


def _band_keys(sketches_DP: Sketches, band: int) -> Hashes:
    """A 64-bit key of one band for each document."""
    import numpy as np

    width = PERMUTATIONS // _BANDS
    keys_D = np.zeros(len(sketches_DP), dtype=np.uint64)
    for place in range(band * width, (band + 1) * width):
        keys_D = _mix(keys_D * np.uint64(_WORD_BASE) + sketches_DP[:, place])
    return keys_D


def near_duplicates(
    crowded: tuple[Members, Members],
    sketch_at: Callable[[int], Sketches],
    shingles_at: Callable[[int], Hashes],
    threshold: float,
) -> Iterator[tuple[int, int, float]]:
    """`(duplicate, kept, jaccard)` for each document to remove so that no two kept ones are near.

    Earlier documents are kept in favour of later ones, therefore every removed document is a
    near-duplicate of the kept one it is listed with, and not only of another removed one.

    A document is held against the kept ones of its groups alone, and of each group at most so many are
    remembered: ten thousand copies are ten thousand comparisons, and neither time nor memory grows with
    the square of what looks alike.
    """
    import numpy as np

    documents_M, groups_M = crowded
    kept: dict[int, list[int]] = {}
    starts = np.flatnonzero(np.r_[len(documents_M) > 0, documents_M[1:] != documents_M[:-1]])
    for start, end in itertools.pairwise([*starts.tolist(), len(documents_M)]):
        document, own = int(documents_M[start]), groups_M[start:end].tolist()
        rivals = sorted({rival for group in own for rival in kept.get(group, ())})
        found = _nearest(document, rivals, sketch_at, shingles_at, threshold)
        if found is not None:
            yield document, *found
            continue
        for group in own:
            if len(remembered := kept.setdefault(group, [])) < _REMEMBERED:
                remembered.append(document)


def _nearest(
    document: int,
    rivals: Sequence[int],
    sketch_at: Callable[[int], Sketches],
    shingles_at: Callable[[int], Hashes],
    threshold: float,
) -> tuple[int, float] | None:
    """The first rival whose real Jaccard index reaches the threshold; sketches rule out who cannot."""
    import numpy as np

    if not rivals:
        return None
    own_P = sketch_at(document)
    likely = [one for one in rivals if np.mean(own_P == sketch_at(one)) >= threshold - _ESTIMATE_MARGIN]
    for rival in likely:
        if (index := jaccard(shingles_at(document), shingles_at(rival))) >= threshold:
            return rival, index
    return None


class HeldOutShingles:
    """Held-out documents by a sample of their shingles, to find training documents that hold them.

    A document is known by its smallest shingle hashes, at most 128: a fair sample, since hashes are mixed.
    Of one that a training document holds to a share of 0.7, fewer than half of the sample stands there
    with a probability below 1e-6; the real share then decides. Shingles of very many documents (heads,
    licences) are left out wherever enough others are left, so that time stays linear.
    """

    def __init__(self, shingles: Iterable[Hashes], documents: int) -> None:
        """Take the sample of each of so many held-out documents, in their order.

        A hash and its document share 64 bits, so that one sorted array of some 1.5 KiB a document is all.
        """
        import numpy as np

        self.documents = documents
        self._owner_bits = np.uint64(max(1, documents.bit_length()))
        self._owner_mask = np.uint64((1 << int(self._owner_bits)) - 1)
        keys_N, size = np.empty(documents * _SAMPLE, dtype=np.uint64), 0
        for owner, one_S in enumerate(shingles):
            sample_S = one_S[:_SAMPLE]  # sorted, therefore the smallest
            keys_N[size : size + len(sample_S)] = (sample_S & ~self._owner_mask) | np.uint64(owner)
            size += len(sample_S)
        keys_N = keys_N[:size]
        keys_N.sort()
        self._keys = keys_N[self._worth_knowing(keys_N)]
        self._sizes_D = np.zeros(documents, dtype=np.int64)
        bits = max(16, 4 + len(self._keys).bit_length())
        self._shift = np.uint64(64 - bits)
        self._seen = np.zeros(1 << bits >> 3, dtype=np.uint8)
        for part_N in self._chunks(self._keys):
            self._sizes_D += np.bincount(self._owners(part_N), minlength=documents)
            places = part_N >> self._shift
            bits_N = np.left_shift(1, (places & np.uint64(7)).astype(np.uint8), dtype=np.uint8)
            np.bitwise_or.at(self._seen, places >> np.uint64(3), bits_N)

    @staticmethod
    def _chunks(keys_N: Hashes) -> Iterator[Hashes]:
        """The keys in pieces, so that what is worked out of them is small."""
        for at in range(0, len(keys_N), _KEYS_AT_ONCE):
            yield keys_N[at : at + _KEYS_AT_ONCE]

    def _owners(self, keys_N: Hashes) -> Members:
        import numpy as np

        return (keys_N & self._owner_mask).astype(np.int32)

    def _worth_knowing(self, keys_N: Hashes) -> NDArray[np.bool_]:
        """Which sorted keys are of few documents, or of a document that has few of those."""
        import numpy as np

        bits, common = self._owner_bits, [np.empty(0, dtype=np.uint64)]
        for at in range(0, len(keys_N) - _COMMON, _KEYS_AT_ONCE):
            part_N = keys_N[at : at + _KEYS_AT_ONCE + _COMMON] >> bits
            common.append(np.unique(part_N[_COMMON:][part_N[_COMMON:] == part_N[:-_COMMON]]))
        often = np.unique(np.concatenate(common))
        rare_N = np.concatenate(
            [
                *(~np.isin(part_N >> bits, often) for part_N in self._chunks(keys_N)),
                np.empty(0, dtype=np.bool_),
            ]
        )
        left_D, parts = np.zeros(self.documents, dtype=np.int64), range(0, len(keys_N), _KEYS_AT_ONCE)
        for at, part_N in zip(parts, self._chunks(keys_N), strict=True):
            chosen = part_N[rare_N[at : at + _KEYS_AT_ONCE]]
            left_D += np.bincount(self._owners(chosen), minlength=self.documents)
        for at, part_N in zip(parts, self._chunks(keys_N), strict=True):
            rare_N[at : at + _KEYS_AT_ONCE] |= left_D[self._owners(part_N)] < _FEWEST
        return rare_N

    def candidates(self, shingles_S: Hashes, threshold: float) -> list[int]:
        """Held-out documents of whose sample a training document holds nearly that share.

        `shingles_S` need be neither sorted nor unique.
        """
        import numpy as np

        places = shingles_S >> self._shift
        seen_S = self._seen[places >> np.uint64(3)] >> (places & np.uint64(7)).astype(np.uint8) & np.uint8(1)
        likely = np.unique(shingles_S[seen_S.view(np.bool_)] & ~self._owner_mask)
        first = np.searchsorted(self._keys, likely, side="left")
        last = np.searchsorted(self._keys, likely | self._owner_mask, side="right")
        lengths = last - first
        if not lengths.sum():
            return []
        found = np.repeat(last - np.cumsum(lengths), lengths) + np.arange(lengths.sum())
        owners, counts = np.unique(self._owners(self._keys[found]), return_counts=True)
        return [int(one) for one in owners[counts >= (threshold - _SAMPLE_MARGIN) * self._sizes_D[owners]]]


def containment(part_S: Hashes, whole_S: Hashes) -> float:
    """Share of a document's shingles that stand in another one, 0 to 1; of none, nothing does.

    A short file copied into a long one has a small Jaccard index, and is known by heart all the same.
    """
    import numpy as np

    return len(np.intersect1d(part_S, whole_S, assume_unique=True)) / len(part_S) if len(part_S) else 0.0
