"""Writing a corpus: its documents, the list of files, the licence and, last, the manifest."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from specship.digests import sha256_bytes, sha256_file
from specship.errors import UnusableInput
from specship.files import write_errors, write_file, write_json
from specship.pipeline.corpus.manifest import (
    FILES,
    LICENCE,
    MANIFEST,
    ContainerEntry,
    CorpusManifest,
    FileEntry,
    FileOutcome,
    LicenceEntry,
    SourceEntry,
    SourceRecord,
    SplitEntry,
)
from specship.pipeline.corpus.settings import CorpusSettings
from specship.pipeline.corpus.source import UNKNOWN, interpreter
from specship.pipeline.corpus.source_kind import OpenedSource
from specship.pipeline.corpus.spool import Spool, digest_text

if TYPE_CHECKING:
    from specship.pipeline.corpus.spool import Facts, Numbers

Split = Literal["train", "heldout"]


@dataclass(frozen=True, slots=True)
class DocumentOutcome:
    """What became of a document."""

    outcome: FileOutcome
    duplicate_of: int | None = None
    """Number of the kept document that it repeats."""
    jaccard: float | None = None
    reason: str | None = None


class CorpusWriter:
    """Writes the files of a corpus from its spool, one document in memory at a time."""

    def __init__(
        self,
        output: Path,
        spool: Spool,
        facts_D: Facts,  # noqa: N803 - documents
        outcome: Callable[[int], DocumentOutcome],
    ) -> None:
        self._output = output
        self._spool = spool
        self._facts = facts_D
        self._outcome = outcome
        self._licences: list[Counter[str]] = []

    def split(self, split: Split, numbers: Numbers) -> SplitEntry:
        """One line a document.

        Raises:
            UnusableInput: there is none.
        """
        if not len(numbers):
            raise UnusableInput(
                f"no document is left for the {split} split",
                why="a document's side follows from its content, and a small corpus may have none for one",
                mend="bring more files, or change 'heldout_fraction'",
            )
        name: Literal["train.jsonl", "heldout.jsonl"] = f"{split}.jsonl"  # type: ignore[assignment]
        path, digest = self._output / name, hashlib.sha256()
        with write_errors(path), path.open("wb") as stream:
            for number in numbers:
                line = self._line(self._facts[number])
                stream.write(line)
                digest.update(line)
        return SplitEntry(
            file=name,
            sha256=digest.hexdigest(),
            documents=len(numbers),
            text_bytes=int(self._facts["text_size"][numbers].sum()),
        )

    def _line(self, fact: Any) -> bytes:
        name = self._spool.name(fact)
        document = {
            "path": name.path,
            "sha256": digest_text(fact),
            "bytes": int(fact["text_size"]),
            "licence": name.licence,
            "text": self._spool.text(fact).decode("utf-8"),
        }
        group = {"group": name.group} if name.group else {}
        return (json.dumps(document | group, ensure_ascii=False) + "\n").encode()

    def _entry(self, number: int, outcome: DocumentOutcome) -> FileEntry:
        fact = self._facts[number]
        name = self._spool.name(fact)
        if outcome.outcome == "skipped":
            return FileEntry(path=name.path, outcome="skipped", reason=name.skipped)
        original = outcome.duplicate_of
        return FileEntry(
            path=name.path,
            outcome=outcome.outcome,
            bytes=int(fact["text_size"]),
            sha256=digest_text(fact),
            licence=name.licence,
            reason=outcome.reason,
            duplicate_of=None if original is None else self._spool.name(self._facts[original]).path,
            jaccard=outcome.jaccard,
        )

    def _files(self, sources: int) -> tuple[Counter[str], str]:
        """Write the list of files; how often there was each outcome, and the list's digest."""
        outcomes: Counter[str] = Counter()
        self._licences = [Counter() for _ in range(sources)]
        path, digest = self._output / FILES, hashlib.sha256()
        with write_errors(path), path.open("wb") as stream:
            for number in range(len(self._facts)):
                entry = self._entry(number, self._outcome(number))
                outcomes[entry.outcome] += 1
                if entry.outcome in {"train", "heldout"}:
                    self._licences[int(self._facts["source"][number])][entry.licence or ""] += 1
                line = (json.dumps(entry.model_dump(exclude_none=True), ensure_ascii=False) + "\n").encode()
                stream.write(line)
                digest.update(line)
        return outcomes, digest.hexdigest()

    def records(
        self,
        sources: list[OpenedSource],
        settings: CorpusSettings,
        shares: list[float],
        splits: dict[Split, SplitEntry],
    ) -> None:
        """Write the list of files, the licences' texts and, last, the manifest."""
        outcomes, files_sha256 = self._files(len(sources))
        text = _licence_text(sources)
        if text is not None:
            write_file(self._output / LICENCE, text)
        one = sources[0].source if len(sources) == 1 else None
        licences = sum(self._licences, Counter[str]())
        manifest = CorpusManifest(
            source=SourceEntry(
                kind=one.kind if one else "several",
                label=", ".join(opened.source.label for opened in sources),
                suffixes=list(one.suffixes) if one else [],
                file_bytes_limit=settings.file_bytes_limit,
            ),
            licence=LicenceEntry(
                spdx=one.licence if one else " AND ".join(sorted(licences)) or UNKNOWN,
                file=LICENCE if text is not None else None,
                sha256=sha256_bytes(text) if text is not None else None,
                found="; ".join(filter(None, (opened.source.licence_found for opened in sources))),
            ),
            licences=dict(sorted(licences.items())),
            near_duplicate_jaccard=settings.near_duplicate_jaccard,
            heldout_fraction=settings.heldout_fraction,
            containment=settings.containment,
            files_listed=len(self._facts),
            files_read=len(self._facts) - outcomes["skipped"],
            outcomes=dict(sorted(outcomes.items())),
            files_sha256=files_sha256,
            train=splits["train"],
            heldout=splits["heldout"],
            interpreter=interpreter(),
            sources=self._sources(sources, shares) if settings.sources else [],
        )
        write_json(self._output / MANIFEST, manifest.model_dump(exclude_defaults=False))

    def _sources(self, sources: list[OpenedSource], shares: list[float]) -> list[SourceRecord]:
        return [
            SourceRecord(
                kind=one.settings.kind,
                label=one.source.label,
                prefix=one.prefix,
                suffixes=list(one.source.suffixes),
                licence=one.source.licence,
                licences=dict(sorted(licences.items())),
                provenance=one.settings.provenance,
                weight=one.settings.weight,
                share_taken=share,
                documents=licences.total(),
                text_bytes=self._bytes_of(place),
                containers=_containers(one) if one.kind.many else [],
            )
            for place, (one, share, licences) in enumerate(zip(sources, shares, self._licences, strict=True))
        ]

    def _bytes_of(self, source: int) -> int:
        import numpy as np

        numbers = np.flatnonzero(self._facts["source"] == source)
        kept = [int(n) for n in numbers if self._outcome(int(n)).outcome in {"train", "heldout"}]
        return int(self._facts["text_size"][kept].sum()) if kept else 0


def _licence_text(sources: list[OpenedSource]) -> bytes | None:
    """The licence's text; of several sources each one's under its name."""
    found = [(one.settings.name, text) for one in sources if (text := one.source.licence_text) is not None]
    if len(sources) == 1:
        return found[0][1] if found else None
    return b"\n".join(f"##### {name}\n\n".encode() + text for name, text in found) or None


def _containers(one: OpenedSource) -> list[ContainerEntry]:
    root = one.source.root
    return [
        ContainerEntry(path=listed.path, sha256=sha256_file(path), bytes=path.stat().st_size)
        for listed in one.kind.files(one.source)
        if not listed.skipped
        for path in (root / listed.path if root.is_dir() else root,)
    ]
