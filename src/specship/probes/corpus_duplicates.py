"""How much of the training text is there twice.

Candidates come from MinHash over the shingles' text (the stage hashes bytes in NumPy), and the
exact Jaccard index of the sets decides. Repeated text is learned by heart and inflates the
count of unique tokens (Lee et al. 2021, arXiv:2107.06499).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

from specship.digests import sha256_bytes
from specship.pipeline.corpus.manifest import read_documents
from specship.probes.probe import Artifact, Figures, probe

if TYPE_CHECKING:
    from pathlib import Path

_WORD: Final = re.compile(r"\w+")
_WORDS: Final = 5
_VALUES, _BANDS, _SEED = 128, 32, 7


@probe(
    "corpus.duplicates",
    checked="documents",
    documents="documents",
    exact_duplicates="documents",
    candidate_pairs="pairs",
    highest_jaccard="fraction",
)
def corpus_duplicates(corpus: Artifact) -> Figures:
    """Exact copies among training documents, and the largest Jaccard index of any candidate pair.

    A pair of Jaccard index 0.85 escapes the candidate search with a probability below 1e-10.

    Raises:
        DamagedArtifact: the corpus cannot be read.
    """
    paths: list[str] = []
    digests: set[str] = set()
    sets: list[frozenset[int]] = []
    groups: dict[tuple[int, bytes], list[int]] = {}
    for text, path in _texts(corpus.path):
        digests.add(sha256_bytes(text.encode("utf-8")))
        shingles = _shingles(text)
        for key in _band_keys(shingles):
            groups.setdefault(key, []).append(len(paths))
        paths.append(path)
        sets.append(frozenset(map(hash, shingles)))
    pairs = {pair for members in groups.values() for pair in combinations(members, 2)}
    highest, nearest = 0.0, ""
    for one, other in sorted(pairs):
        shared = len(sets[one] & sets[other])
        index = shared / (len(sets[one]) + len(sets[other]) - shared)
        if index > highest:
            highest, nearest = index, f"nearest pair {index:.4f}: {paths[one]} and {paths[other]}"
    return {
        "documents": len(paths),
        "exact_duplicates": len(paths) - len(digests),
        "candidate_pairs": len(pairs),
        "highest_jaccard": highest,
        "notes": [nearest] if nearest else [],
    }


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    for document in read_documents(folder, "train"):
        yield document.text, document.path


def _shingles(text: str) -> set[str]:
    words = _WORD.findall(text)
    width = min(_WORDS, len(words))
    return {" ".join(run) for run in zip(*(words[start:] for start in range(width)), strict=False)}


def _band_keys(shingles: set[str]) -> Iterator[tuple[int, bytes]]:
    """The bands of a document's sketch; documents that share one are a candidate pair."""
    import numpy as np
    from rensa import RMinHash

    if not shingles:
        return
    sketch: Any = RMinHash(num_perm=_VALUES, seed=_SEED)
    sketch.update(list(shingles))
    values = np.array(sketch.digest(), dtype=np.uint32).reshape(_BANDS, -1)
    for band, row in enumerate(values):
        yield band, row.tobytes()
