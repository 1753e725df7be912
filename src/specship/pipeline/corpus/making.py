"""Corpus: licensed text without duplicates, split by document into training and held-out.

A file is read when it is a regular file of the right suffix, below the size limit, and decodes
as UTF-8 strictly. Exact and near-duplicates are removed before the split, so that none can
straddle it (Lee et al. 2021, arXiv:2107.06499). On which side a document falls is decided by a
hash of its content alone: neither its name, nor the order of files moves it; where documents belong to
packages, by a hash of the package's name, so that no package stands on both sides. One exception:
a held-out document of which a training document holds most of the shingles joins training,
because its loss would measure memory; where its package is held out it is left out instead.

Everything is read once, into a `Spool`; a few dozen bytes a document are held in memory from then on.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specship.digests import digest_of, sha256_file
from specship.errors import RequirementMissing, UnusableInput
from specship.pipeline.corpus import source
from specship.pipeline.corpus.near_duplicates import (
    HeldOutShingles,
    containment,
    crowded_bands,
    jaccard,
    near_duplicates,
    shingles_in_order,
    shingles_of,
)
from specship.pipeline.corpus.settings import CorpusSettings
from specship.pipeline.corpus.source_kind import FoundDocument, OpenedSource, kind_named
from specship.pipeline.corpus.spool import PlaceInSources, Spool, digest_text, discard
from specship.pipeline.corpus.writing import CorpusWriter, DocumentOutcome, Split
from specship.pipeline.stage import Work

if TYPE_CHECKING:
    from specship.pipeline.corpus.near_duplicates import Hashes
    from specship.pipeline.corpus.spool import Facts, Numbers

_SPLITS: Final[tuple[Split, ...]] = ("train", "heldout")
SPOOL: Final = "spool"
"""Folder inside the output in which the corpus comes about; gone when it is made."""
_OF_TWO: Final = 2.0**64
_TRAIN, _HELD_OUT, _OUT = 0, 1, 2
"""Sides as they are held in memory; the first two are places in `_SPLITS`."""


def open_sources(settings: CorpusSettings, project: Path) -> list[OpenedSource]:
    """Every source of the settings.

    Raises:
        RequirementMissing: one of them is not on this machine.
        UnusableInput: a path leads out of the project.
        UnknownName: there is no such kind.
    """
    asked = settings.all_sources()
    return [
        OpenedSource(kind.open(one, project), kind, one, f"{one.name}/" if len(asked) > 1 else "")
        for one in asked
        for kind in (kind_named(one.kind),)
    ]


def source_digest(settings: Mapping[str, Any], project: Path) -> str:
    """Digest of the names and bytes of the files that a corpus would be read from; of none, when none are."""
    section = CorpusSettings.model_validate_json(json.dumps(settings["corpus"]))
    found: list[tuple[str, str]] = []
    for one in section.all_sources():
        with contextlib.suppress(UnusableInput, RequirementMissing):
            kind = kind_named(one.kind)
            opened = kind.open(one, project)
            for listed in kind.files(opened):
                path = opened.root / listed.path if opened.root.is_dir() else opened.root
                if not listed.skipped:
                    found.append((listed.path, sha256_file(path)))
    return digest_of(found)


def make_from_settings(work: Work) -> None:
    """Make the corpus.

    Raises:
        RequirementMissing: a source is not on this machine.
        UnusableInput: nothing is left for one of the splits.
        CannotWrite: the disk is full or refuses.
    """
    settings: CorpusSettings = work.settings["corpus"]
    make_corpus(open_sources(settings, Path()), settings, work)


def make_corpus(sources: list[OpenedSource], settings: CorpusSettings, work: Work) -> None:
    """Read, remove duplicates, split and write; the manifest comes last, and then the spool goes."""
    folder = work.output / SPOOL
    for left in set(work.output.iterdir()) - {
        folder
    }:  # of an attempt that was interrupted; written anew below
        shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
    folder.mkdir(exist_ok=True)
    identity = digest_of([settings.model_dump(mode="json"), [one.source.label for one in sources]])
    spool = Spool(folder, identity)
    with contextlib.closing(spool):
        facts_D = _read_all(spool, sources, settings, work)  # noqa: N806 - documents
        judged = _Judged(spool, facts_D, settings, work)
        judged.remove_duplicates()
        judged.split()
        judged.move_contained()
        shares = judged.weigh([one.settings.weight for one in sources])
        writer = CorpusWriter(work.output, spool, facts_D, judged.outcome)
        splits = {split: writer.split(split, judged.chosen(split)) for split in _SPLITS}
        writer.records(sources, settings, shares, splits)
    discard(folder)


def side_of(sha256: str, heldout_fraction: float) -> Split:
    """The split of a document by its content's digest, hashed again to be independent of its order."""
    return "heldout" if draw("split", sha256) < heldout_fraction * _OF_TWO else "train"


def draw(what: str, of: str) -> int:
    """A number below 2**64 that a text decides, another one for each use."""
    return int.from_bytes(hashlib.sha256(f"specship {what} {of}".encode()).digest()[:8], "big")


def _read_all(spool: Spool, sources: list[OpenedSource], settings: CorpusSettings, work: Work) -> Facts:
    """Read every document of every source into the spool, from where an earlier run was ended."""
    total = sum(listed.size for one in sources for listed in one.kind.files(one.source))
    done, begin = 0, spool.cursor
    for number, one in enumerate(sources):
        for listed in one.kind.files(one.source):
            read, inside = (number, listed.path), 0
            if read < (begin.source, begin.file):
                done += listed.size
                continue
            skip = begin.item if read == (begin.source, begin.file) else 0
            for item, found in enumerate(one.kind.documents(one.source, listed, settings.file_bytes_limit)):
                if item >= skip:
                    checked = _checked(found, one.prefix)
                    licence = found.licence or one.source.licence
                    spool.add(number, checked, source.stated_licence(checked.data, licence))
                    spool.saved(PlaceInSources(number, listed.path, item + 1))
                    inside = min(listed.size, inside + len(found.data))
                    work.report(done + inside, max(total, 1), "bytes", documents=len(spool))
            done += listed.size
    facts_D = spool.finish(PlaceInSources(len(sources)))  # noqa: N806 - documents
    if not facts_D["is_document"].any():
        endings = {ending for one in sources for ending in one.source.suffixes}
        raise UnusableInput(
            f"no document among {len(facts_D)} files",
            at=", ".join(one.source.label for one in sources),
            why=f"a document is a UTF-8 file whose name ends in {' or '.join(sorted(endings))}",
            mend="name the endings of your files: 'suffixes'",
        )
    return facts_D


def _checked(found: FoundDocument, prefix: str) -> FoundDocument:
    """A found document under its whole name, or why its bytes are none."""
    reason = found.skipped
    if not reason:
        try:
            found.data.decode("utf-8")
            reason = "" if found.data.strip() else "empty"
        except UnicodeDecodeError as error:
            reason = f"not UTF-8: {error.reason} at byte {error.start}"
    return FoundDocument(
        prefix + found.path, b"" if reason else found.data, reason, found.licence, found.group
    )


class _Judged:
    """What becomes of each document, step by step."""

    def __init__(
        self,
        spool: Spool,
        facts_D: Facts,  # noqa: N803 - documents
        settings: CorpusSettings,
        work: Work,
    ) -> None:
        import numpy as np

        self._spool = spool
        self._facts = facts_D
        self._settings = settings
        self._work = work
        self._sides = np.full(len(facts_D), _OUT, dtype=np.int8)
        numbers = np.flatnonzero(facts_D["is_document"])
        by_digest = numbers[np.argsort(facts_D["digest"][numbers], kind="stable")]
        same = facts_D["digest"][by_digest[1:]] == facts_D["digest"][by_digest[:-1]]
        first = np.maximum.accumulate(np.where(np.r_[True, ~same], np.arange(len(by_digest)), 0))
        self.outcomes = {
            int(by_digest[place]): DocumentOutcome("duplicate", int(by_digest[first[place]]), 1.0)
            for place in np.flatnonzero(same) + 1
        }
        """Outcomes of which more is said than the side, by number."""
        self._order: Numbers = by_digest[np.r_[True, ~same]]

    def chosen(self, split: Split) -> Numbers:
        """Numbers of the documents of a split in the order of their digest."""
        wanted: Numbers = self._order[self._sides[self._order] == _SPLITS.index(split)]
        return wanted

    def outcome(self, number: int) -> DocumentOutcome:
        """What became of a document."""
        if number in self.outcomes:
            return self.outcomes[number]
        side = int(self._sides[number])
        return DocumentOutcome("skipped" if side == _OUT else _SPLITS[side])

    def _shingles(self, number: int) -> Hashes:
        return self._spool.shingles(number, self._facts[number])

    def remove_duplicates(self) -> None:
        """Take near-duplicates out."""
        import numpy as np

        order = self._order
        kept = np.ones(len(order), dtype=np.bool_)
        for place, original, overlap in near_duplicates(
            crowded_bands(self._spool.sketches, order),
            lambda one: self._spool.sketch(int(order[one])),
            lambda one: self._shingles(int(order[one])),
            self._settings.near_duplicate_jaccard,
        ):
            kept[place] = False
            found = DocumentOutcome("near-duplicate", int(order[original]), round(overlap, 6))
            self.outcomes[int(order[place])] = found
            self._work.report(place + 1, len(order), "documents compared")
        self._order = order[kept]

    def split(self) -> None:
        """Give each kept document its side."""
        share = self._settings.heldout_fraction
        for number in self._order:
            fact = self._facts[number]
            key = f"group {fact['group']}" if fact["group"] else digest_text(fact)
            self._sides[number] = _SPLITS.index(side_of(key, share))

    def move_contained(self) -> None:
        """Move held-out documents that training documents contain, until there is none."""
        new = self.chosen("train").tolist()
        while new and len(heldout := self.chosen("heldout").tolist()):
            texts = (self._spool.text(self._facts[one]) for one in heldout)
            held = HeldOutShingles(map(shingles_of, texts), len(heldout))
            moved: list[int] = []
            for done, number in enumerate(new, 1):
                text_S = shingles_in_order(self._spool.text(self._facts[number]))  # noqa: N806 - shingles
                for place in held.candidates(text_S, self._settings.containment):
                    moved += [heldout[place]] if self._moves(heldout[place], number) else []
                self._work.report(done, len(new), "training documents compared")
            new = [number for number in moved if self._sides[number] == _TRAIN]

    def _moves(self, number: int, holder: int) -> bool:
        """Whether a training document holds a held-out one, which then has another outcome."""
        if self._sides[number] != _HELD_OUT:
            return False
        own_S, holder_S = self._shingles(number), self._shingles(holder)  # noqa: N806 - shingles
        share = containment(own_S, holder_S)
        if share < self._settings.containment:
            return False
        reason = f"{share:.3f} of its shingles stand in {self._spool.name(self._facts[holder]).path}"
        if not self._facts[number]["group"]:
            self._sides[number] = _TRAIN
            self.outcomes[number] = DocumentOutcome("train", reason=reason)
            return True
        self._sides[number] = _OUT
        overlap = round(jaccard(own_S, holder_S), 6)
        reason += ", and its package is held out"
        self.outcomes[number] = DocumentOutcome("near-duplicate", holder, overlap, reason)
        return True

    def weigh(self, weights: list[float | None]) -> list[float]:
        """Leave out what is more than a source's weight, by digest; the share that is taken of each."""
        import numpy as np

        inside = self._order[self._sides[self._order] != _OUT]
        sizes = np.bincount(
            self._facts["source"][inside], self._facts["text_size"][inside], minlength=len(weights)
        )
        asked = [(size, weight) for size, weight in zip(sizes, weights, strict=True) if weight and size]
        scale = min((size / weight for size, weight in asked), default=0.0)
        shares = [
            1.0 if weight is None or not size else min(1.0, scale * weight / float(size))
            for size, weight in zip(sizes, weights, strict=True)
        ]
        for number in inside:
            share = shares[int(self._facts["source"][number])]
            if share < 1.0 and draw("weight", digest_text(self._facts[number])) >= share * _OF_TWO:
                self._sides[number] = _OUT
                self.outcomes[int(number)] = DocumentOutcome(
                    "left-out", reason="more than its source's weight"
                )
        return shares
