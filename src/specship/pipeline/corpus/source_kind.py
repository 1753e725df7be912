"""What a kind of source is: one file of `sources/` each, found by its name.

    KIND = SourceKind(recognises=..., open=..., files=..., documents=...)

A source is opened (is it here, under which licence), lists its files in the order of their names without
holding the list, and gives the documents of one file after the other. So a corpus of any size passes
through a bounded memory, and a run that was killed goes on at the file and document where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specship.discovery import Folder
from specship.errors import UnknownName, UnusableInput, did_you_mean
from specship.pipeline.corpus.source import Listed, Source

if TYPE_CHECKING:
    from specship.pipeline.corpus.settings import SourceSettings

KINDS: Final = Folder("specship.pipeline.corpus.sources")
COMPRESSIONS: Final = (".gz", ".bz2", ".xz", ".zst")
"""Endings of compressed files that are read through."""


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document of a source, or something in its place that is none."""

    path: str
    """Name of the document in its source: its file's, with `#` and a number where the file holds several."""
    data: bytes = b""
    skipped: str = ""
    """Why it is no document; empty for one that is."""
    licence: str = ""
    """SPDX expression that is known of it; empty where the source's own counts."""
    group: str = ""
    """What must not stand on both sides of the split, such as a package; empty where each stands alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKind:
    """One way in which text lies somewhere."""

    recognises: Callable[[Path], bool]
    """Whether a path looks like one, when nobody says what it is."""
    open: Callable[[SourceSettings, Path], Source]
    """The source that settings name; paths are relative to a folder."""
    documents: Callable[[Source, Listed, int], Iterator[FoundDocument]]
    """The documents of one file, of which none longer than so many bytes is taken."""
    files: Callable[[Source], Iterator[Listed]]
    """Its files in the order of their names."""
    many: bool = False
    """Whether a file holds several documents; its own digest is recorded then."""


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """A source that is here, with its kind, what was asked of it, and how documents of it are called."""

    source: Source
    kind: SourceKind
    settings: SourceSettings
    prefix: str
    """What stands before a document's name where there are several sources."""


def kind_named(name: str) -> SourceKind:
    """The kind of that name.

    Raises:
        UnknownName: there is none.
    """
    if (file := name.replace("-", "_")) not in KINDS.names:
        known = [one.replace("_", "-") for one in KINDS.names]
        raise UnknownName(
            f"no kind of source is called {name!r}",
            mend=did_you_mean(name, known) or f"there are: {', '.join(known)}",
        )
    kind: SourceKind = KINDS.member(file, "KIND")
    return kind


def kind_of(path: Path) -> str:
    """Name of the kind that a path looks like.

    Raises:
        UnusableInput: there is nothing, or nothing that any kind reads.
    """
    if not path.exists():
        raise UnusableInput("nothing is here", at=path, mend="give a folder or a file of text")
    members: dict[str, Any] = dict(KINDS.members("KIND"))
    found = [name.replace("_", "-") for name, kind in members.items() if kind.recognises(path)]
    if not found:
        raise UnusableInput(
            "no kind of source reads this",
            at=path,
            why="text lies in folders of text files, JSON Lines, Parquet, or a folder that `datasets` saved",
            mend="name its kind: --source kind=... path=...",
        )
    return found[0]
