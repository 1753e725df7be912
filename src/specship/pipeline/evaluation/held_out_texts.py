"""Held-out text that a person hands over: a file, a folder of files, or the held-out split of a corpus.

Each file is one document, whole and in UTF-8. What cannot be a document is named with its reason and
never silently left out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from specship.digests import digest_of
from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.corpus.manifest import MANIFEST, CorpusDocument, read_documents
from specship.pipeline.corpus.source import UNKNOWN, Source, list_files, read_bounded

FILE_BYTES: Final = 1 << 20
"""Largest file that is read as one document."""


@dataclass(frozen=True, slots=True)
class HeldOutTexts:
    """Documents in the order of their digest, and what was passed over."""

    documents: tuple[CorpusDocument, ...]
    skipped: tuple[tuple[str, str], ...]
    """Path and reason."""

    @property
    def digest(self) -> str:
        """Of all texts; two figures about texts are compared only where it is equal."""
        return digest_of([document.sha256 for document in self.documents])


def read_texts(path: Path, suffixes: tuple[str, ...]) -> HeldOutTexts:
    """The documents of a file, of a folder (files with one of the suffixes), or of a corpus folder.

    Raises:
        UnusableInput: there is nothing to read.
        DamagedArtifact: a single file, or the corpus, cannot be read.
    """
    skipped: list[tuple[str, str]] = []
    if path.is_dir() and (path / MANIFEST).is_file():
        found = list(read_documents(path, "heldout"))
    elif path.is_dir():
        found, skipped = _folder(path, suffixes)
    else:
        found = [_single(path)]
    if not found:
        first = f", the first skipped is {skipped[0][0]}: {skipped[0][1]}" if skipped else ""
        raise UnusableInput(
            f"no text: no readable file ends in {' or '.join(suffixes)}{first}",
            at=path,
            mend="name a text file, a folder of them, or a corpus folder",
        )
    found.sort(key=lambda document: document.sha256)
    return HeldOutTexts(tuple(found), tuple(skipped))


def _single(path: Path) -> CorpusDocument:
    try:
        return _document(path, path.name)
    except (ValueError, OSError) as error:
        raise DamagedArtifact(
            f"cannot be read as text: {_reason(error)}", at=path, mend="name a UTF-8 text file"
        ) from error


def _folder(root: Path, suffixes: tuple[str, ...]) -> tuple[list[CorpusDocument], list[tuple[str, str]]]:
    source = Source("folder", root, root.name, suffixes, UNKNOWN, None, "")
    found: dict[str, CorpusDocument] = {}
    skipped = []
    for listed in list_files(source):
        try:
            if listed.skipped:
                raise ValueError(listed.skipped)
            document = _document(root / listed.path, listed.path)
            if document.sha256 in found:
                raise ValueError(f"the same text as {found[document.sha256].path}")
            found[document.sha256] = document
        except (ValueError, OSError) as error:
            skipped.append((listed.path, _reason(error)))
    return list(found.values()), skipped


def _document(path: Path, name: str) -> CorpusDocument:
    data = read_bounded(path, FILE_BYTES)
    if data is None:
        raise ValueError(f"has more than {FILE_BYTES} bytes")
    if not data:
        raise ValueError("is empty")
    text = data.decode("utf-8")
    sha256 = hashlib.sha256(data).hexdigest()
    return CorpusDocument(path=name, sha256=sha256, bytes=len(data), licence=UNKNOWN, text=text)


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    return str(error.strerror if isinstance(error, OSError) and error.strerror else error)
