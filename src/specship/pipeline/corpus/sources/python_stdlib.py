"""The standard library of the running interpreter: Python source that is on every machine."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Final

from specship.pipeline.corpus import source
from specship.pipeline.corpus.source import Source
from specship.pipeline.corpus.source_kind import SourceKind
from specship.pipeline.corpus.sources._plain import listed_files, whole_file

if TYPE_CHECKING:
    from specship.pipeline.corpus.settings import SourceSettings


def _open(settings: SourceSettings, _: Path) -> Source:
    return dataclasses.replace(source.python_stdlib(), by_package=settings.by_package)


KIND: Final = SourceKind(recognises=lambda _: False, open=_open, files=listed_files, documents=whole_file)
