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

SHINGLE_WORDS: Final = 5
_PERMUTATIONS: Final = 128
_BANDS: Final = 32
_SEED: Final = 20220414
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

    words_W = _word_hashes(data)
    if not len(words_W):
        return words_W
    width = min(SHINGLE_WORDS, len(words_W))
    count = len(words_W) - width + 1
    hashes_S = np.zeros(count, dtype=np.uint64)
    for place in range(width):
        hashes_S = hashes_S * np.uint64(_WORD_BASE) + words_W[place : place + count]
    return np.unique(_mix(hashes_S))


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
        np.concatenate(shingles), ends.astype(np.uint64), _PERMUTATIONS, _SEED
    )
    return np.array(matrix.to_rows(), dtype=np.uint32)


def candidate_pairs(sketches_DP: Sketches) -> list[tuple[int, int]]:
    """Pairs `(earlier, later)` of documents that agree in at least one whole band, each once."""
    import numpy as np

    pairs: set[tuple[int, int]] = set()
    width = _PERMUTATIONS // _BANDS
    for band in range(_BANDS):
        band_DB = np.ascontiguousarray(sketches_DP[:, band * width : (band + 1) * width])
        keys_D = band_DB.view(f"V{width * 4}").ravel()
        _, inverse_D, counts = np.unique(keys_D, return_inverse=True, return_counts=True)
        crowded = np.flatnonzero(counts[inverse_D] > 1)
        groups: dict[int, list[int]] = {}
        for index in crowded:
            groups.setdefault(int(inverse_D[index]), []).append(int(index))
        for members in groups.values():
            pairs.update(itertools.combinations(members, 2))
    return sorted(pairs)


def near_duplicates(
    sketches_DP: Sketches, shingles_at: Callable[[int], Hashes], threshold: float
) -> Iterator[tuple[int, int, float]]:
    """`(duplicate, kept, jaccard)` for each document to remove so that no two kept ones are near.

    Earlier documents are kept in favour of later ones, therefore every removed document is a
    near-duplicate of the kept one it is listed with, and not only of another removed one.
    """
    rivals: dict[int, list[int]] = {}
    for earlier, later in candidate_pairs(sketches_DP):
        rivals.setdefault(later, []).append(earlier)
    removed: set[int] = set()
    for later in sorted(rivals):
        own_S = shingles_at(later)
        for earlier in _kept(rivals[later], removed):
            if (index := jaccard(own_S, shingles_at(earlier))) >= threshold:
                removed.add(later)
                yield later, earlier, index
                break


def contained(
    heldout: Sequence[Hashes], training: Iterable[tuple[int, Hashes]], threshold: float
) -> dict[int, tuple[int, float]]:
    """Held-out documents of which one training document holds at least this share of shingles.

    Returns the place of each with the training document's own number and the share. A short
    file copied into a long one has a small Jaccard index, and is known by heart all the same.
    """
    import numpy as np

    sizes_D = np.array([max(1, len(shingles_S)) for shingles_S in heldout])
    owners = np.repeat(np.arange(len(heldout)), [len(shingles_S) for shingles_S in heldout])
    joined = np.concatenate([*heldout, np.empty(0, dtype=np.uint64)])
    order = np.argsort(joined, kind="stable")
    joined, owners = joined[order], owners[order]
    found: dict[int, tuple[int, float]] = {}
    for number, shingles_S in training:
        first, last = (np.searchsorted(joined, shingles_S, side=side) for side in ("left", "right"))
        lengths = last - first
        places = np.repeat(last - np.cumsum(lengths), lengths) + np.arange(lengths.sum())
        shares_D = np.bincount(owners[places], minlength=len(heldout)) / sizes_D
        for index in np.flatnonzero(shares_D >= threshold):
            found.setdefault(int(index), (number, float(shares_D[index])))
    return found


def _kept(indices: Iterable[int], removed: set[int]) -> Iterator[int]:
    return (index for index in indices if index not in removed)
