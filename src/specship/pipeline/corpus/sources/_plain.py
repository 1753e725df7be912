"""Folders of text files: a document each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from specship.errors import DamagedArtifact
from specship.pipeline.corpus import source
from specship.pipeline.corpus.compressed import is_compressed, open_text
from specship.pipeline.corpus.source import Listed, Source
from specship.pipeline.corpus.source_kind import FoundDocument


def listed_files(origin: Source) -> Iterator[Listed]:
    """Every file of a folder by path."""
    return iter(source.list_files(origin))


def whole_file(origin: Source, listed: Listed, limit: int) -> Iterator[FoundDocument]:
    """A file as one document, or why it is none."""
    reason, data = listed.skipped, b""
    if not reason:
        try:
            read = _read(origin.root / listed.path, limit)
            reason = "" if read is not None else f"longer than {limit} bytes"
            data = read or b""
        except DamagedArtifact as error:
            reason = f"cannot be read: {error.message}"
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
    yield FoundDocument(listed.path, data, reason, listed.licence, listed.group)


def _read(path: Path, limit: int) -> bytes | None:
    if not is_compressed(path):
        return source.read_bounded(path, limit)
    with open_text(path) as stream:
        data = stream.read(limit + 1)
    return data if len(data) <= limit else None
