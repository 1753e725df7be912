"""A folder of text files under one stated licence, each of them a document."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from specship.pipeline.corpus import source
from specship.pipeline.corpus.source import Source
from specship.pipeline.corpus.source_kind import SourceKind
from specship.pipeline.corpus.sources._plain import listed_files, whole_file

if TYPE_CHECKING:
    from specship.pipeline.corpus.settings import SourceSettings


def _open(settings: SourceSettings, project: Path) -> Source:
    return source.folder(project, settings.path or "", settings.licence or source.UNKNOWN, settings.suffixes)


KIND: Final = SourceKind(recognises=Path.is_dir, open=_open, files=listed_files, documents=whole_file)
