"""Settings of a corpus: where its text comes from, and how it is cleaned and split."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from specship.pipeline.stage import Settings

_SPDX: Final = r"^[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*$"


class CorpusSettings(Settings):
    """Where the text comes from and how it is cleaned and split."""

    source: Literal["python-stdlib", "folder"] = "python-stdlib"
    path: str | None = None
    """Folder of the text, relative to the project; only for `folder`."""
    licence: Annotated[str, Field(pattern=_SPDX)] | None = None
    """SPDX expression of the folder's text; only for `folder`."""
    suffixes: tuple[str, ...] = (".py",)
    file_bytes_limit: Annotated[int, Field(ge=1, le=4 << 20)] = 4 << 20
    """Longer files are skipped and listed."""
    near_duplicate_jaccard: Annotated[float, Field(gt=0, le=1)] = 0.8
    heldout_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Expected share of documents, not of bytes, that is held out."""
    containment: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Share of a held-out document's shingles in one training document that moves it to training."""

    @model_validator(mode="after")
    def _folder_is_complete(self) -> Self:
        given = (self.path is not None, self.licence is not None)
        if given != ((True, True) if self.source == "folder" else (False, False)):
            raise ValueError("'path' and 'licence' belong to source 'folder', which needs both")
        if not self.suffixes or not all(suffix.startswith(".") for suffix in self.suffixes):
            raise ValueError("'suffixes' are like '.py'")
        return self
