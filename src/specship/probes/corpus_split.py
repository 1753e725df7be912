"""Whether the held-out documents are unknown to training: by bytes, by name and by content.

Every held-out document is compared with every training document. Shingles are tuples of five
consecutive words, compared as they are: no hash, no sketch and no candidate search can hide a
pair. This shares no code with the stage that made the split.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from specship.digests import sha256_bytes
from specship.pipeline.corpus.manifest import read_documents
from specship.probes.probe import Artifact, Figures, probe

_WORD: Final = re.compile(r"\w+")
_WORDS: Final = 5

Shingle = tuple[str, ...]


@dataclass(slots=True)
class _Closest:
    """The pair with the highest figure so far."""

    share: float = 0.0
    pair: str = ""

    def see(self, share: float, heldout: str, training: str) -> None:
        if share > self.share:
            self.share, self.pair = share, f"{share:.4f}: {heldout} (held out) and {training}"


@dataclass(slots=True)
class _Heldout:
    """The held-out documents and where each of their shingles stands."""

    paths: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    digests: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    places: dict[Shingle, list[int]] = field(default_factory=dict)


@probe(
    "corpus.split",
    checked="pairs_compared",
    pairs_compared="pairs",
    train_documents="documents",
    heldout_documents="documents",
    shared_digests="documents",
    shared_paths="documents",
    shared_groups="groups",
    highest_jaccard="fraction",
    highest_containment="fraction",
)
def corpus_split(corpus: Artifact) -> Figures:
    """What the splits share, each held-out document compared with each training document.

    `highest_jaccard` is the largest share of common shingles among all shingles of a pair,
    `highest_containment` the largest share of a held-out document's shingles that stand in one
    training document. `shared_groups` counts packages, or what else the corpus groups documents by, that
    stand on both sides.

    Raises:
        DamagedArtifact: the corpus cannot be read.
    """
    heldout = _read_heldout(corpus.path)
    nearest, fullest = _Closest(), _Closest()
    train_documents, shared_digests, shared_paths = 0, [], []
    shared_groups: set[str] = set()
    for document in read_documents(corpus.path, "train"):
        train_documents += 1
        if sha256_bytes(document.text.encode("utf-8")) in heldout.digests:
            shared_digests.append(document.path)
        if document.path in heldout.paths:
            shared_paths.append(document.path)
        shared_groups |= heldout.groups & {document.group or ""}
        shingles = _shingles(document.text)
        shared: Counter[int] = Counter()
        for shingle in shingles & heldout.places.keys():
            shared.update(heldout.places[shingle])
        for index, count in shared.items():
            size = heldout.sizes[index]
            nearest.see(count / (len(shingles) + size - count), heldout.paths[index], document.path)
            fullest.see(count / size, heldout.paths[index], document.path)
    return {
        "pairs_compared": train_documents * len(heldout.paths),
        "train_documents": train_documents,
        "heldout_documents": len(heldout.paths),
        "shared_digests": len(shared_digests),
        "shared_paths": len(shared_paths),
        "shared_groups": len(shared_groups),
        "highest_jaccard": nearest.share,
        "highest_containment": fullest.share,
        "notes": [
            *(f"the same bytes are held out: {path}" for path in shared_digests[:8]),
            *(f"the same name is held out: {path}" for path in shared_paths[:8]),
            *(f"on both sides: {name}" for name in sorted(shared_groups)[:8]),
            *(f"nearest pair {nearest.pair}" for _ in (1,) if nearest.pair),
            *(f"fullest pair {fullest.pair}" for _ in (1,) if fullest.pair),
        ],
    }


def _read_heldout(folder: Path) -> _Heldout:
    heldout = _Heldout()
    for index, document in enumerate(read_documents(folder, "heldout")):
        shingles = _shingles(document.text)
        heldout.paths.append(document.path)
        heldout.sizes.append(len(shingles))
        heldout.groups |= {document.group} if document.group else set()
        heldout.digests.add(sha256_bytes(document.text.encode("utf-8")))
        for shingle in shingles:
            heldout.places.setdefault(shingle, []).append(index)
    return heldout


def _shingles(text: str) -> set[Shingle]:
    """Five words in a row each; all words when there are fewer."""
    words = _WORD.findall(text)
    width = min(_WORDS, len(words))
    return set(zip(*(words[start:] for start in range(width)), strict=False)) if width else set()
