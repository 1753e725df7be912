"""Installed packages of the running interpreter, with the licence that each declares.

They are a corpus for a machine that has none.

Only what a distribution's own list of files names is read, and a package is never told from another by guess.
Source: PyPA, "Recording installed projects" (RECORD) and Core metadata (License-Expression, Classifier).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from specship.pipeline.corpus.packages import declared_packages, installed_root, licence_texts
from specship.pipeline.corpus.source import UNKNOWN, Listed, Source, interpreter, listed_file
from specship.pipeline.corpus.source_kind import SourceKind
from specship.pipeline.corpus.sources._plain import whole_file

if TYPE_CHECKING:
    from specship.pipeline.corpus.settings import SourceSettings


def _open(settings: SourceSettings, _: Path) -> Source:
    texts = licence_texts()
    return Source(
        "installed-packages",
        installed_root(),
        f"packages of {interpreter()}",
        settings.suffixes,
        UNKNOWN,
        texts,
        "licence files of the distributions" if texts else "",
        by_package=True,
    )


def _files(origin: Source) -> Iterator[Listed]:
    for package in declared_packages():
        for name in package.files:
            if name.endswith(origin.suffixes):
                yield listed_file(
                    origin.kind, origin.root / name, name, licence=package.licence, group=package.name
                )


KIND: Final = SourceKind(recognises=lambda _: False, open=_open, files=_files, documents=whole_file)
