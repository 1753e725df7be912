"""JSON Lines, compressed or not: a document a line. Source: JSON Lines (https://jsonlines.org)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from specship.bounds import JSONL_LINE_BYTES
from specship.errors import DamagedArtifact, Place
from specship.pipeline.corpus.compressed import open_text
from specship.pipeline.corpus.source import Listed, Source
from specship.pipeline.corpus.source_kind import COMPRESSIONS, FoundDocument, SourceKind
from specship.pipeline.corpus.sources._records import (
    containers,
    found,
    opener,
    place_of,
    without_compression,
)
from specship.strict_json import parse

_ENDINGS: Final = (".jsonl", ".ndjson")
_ALL: Final = tuple(one + end for one in _ENDINGS for end in ("", *COMPRESSIONS))


def _recognises(path: Path) -> bool:
    return path.is_file() and without_compression(path.name).endswith(_ENDINGS)


def _documents(origin: Source, listed: Listed, limit: int) -> Iterator[FoundDocument]:
    if listed.skipped:
        yield FoundDocument(listed.path, skipped=listed.skipped)
        return
    path = place_of(origin, listed)
    with open_text(path) as stream:
        number = 0
        while line := stream.readline(JSONL_LINE_BYTES + 1):
            number += 1
            place = Place(str(path), line=number)
            if len(line) > JSONL_LINE_BYTES:
                raise DamagedArtifact(
                    f"a line longer than {JSONL_LINE_BYTES} bytes", at=place, mend="split the document"
                )
            if line.strip():
                yield found(origin, listed, number, parse(line.rstrip(b"\r\n"), place), limit)


KIND: Final = SourceKind(
    recognises=_recognises, open=opener("json-lines", _ALL), files=containers, documents=_documents, many=True
)
