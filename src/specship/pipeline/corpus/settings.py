"""Settings of a corpus: where its text comes from, and how it is cleaned and split."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from specship.pipeline.stage import Settings

_SPDX: Final = r"^[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*$"


Spdx = Annotated[str, Field(pattern=_SPDX)]


class SourceSettings(Settings):
    """One of several sources of text."""

    kind: str
    """How the text lies there: a file of `corpus/sources`, such as folder, json-lines, parquet."""
    path: str | None = None
    """Where, relative to the project; none for what belongs to the interpreter."""
    label: str | None = None
    """By what the corpus names the source; without it, by its path or kind."""
    licence: Spdx | None = None
    """SPDX expression of documents that state none of their own."""
    provenance: str = ""
    """Where the text is from, for the record: a page, a release, a date."""
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Share of this source in the bytes of the corpus, relative to the others' weights; null: all of it."""
    suffixes: tuple[str, ...] = (".py",)
    """Endings of the files of a folder; `.py.gz` and the like are read through."""
    text_field: str = "text"
    """Field of a record that holds the text."""
    name_field: str | None = None
    """Field that holds a document's name."""
    licence_field: str | None = None
    """Field that holds a document's own SPDX expression."""
    group_field: str | None = None
    """Field of which one value must not stand on both sides of the split, such as a repository."""
    by_package: bool = False
    """Split the standard library by package too."""

    @property
    def name(self) -> str:
        """By what the corpus names the source."""
        return self.label or self.path or self.kind

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.suffixes or not all(suffix.startswith(".") for suffix in self.suffixes):
            raise ValueError("'suffixes' are like '.py'")
        return self


class CorpusSettings(Settings):
    """Where the text comes from and how it is cleaned and split."""

    source: Literal["python-stdlib", "folder"] = "python-stdlib"
    """The one source, where `sources` lists none."""
    path: str | None = None
    """Folder of the text, relative to the project; only for `folder`."""
    licence: Spdx | None = None
    """SPDX expression of the folder's text; only for `folder`."""
    sources: tuple[SourceSettings, ...] = ()
    """Several sources, each with its kind, licence, provenance and weight."""
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
        if self.sources and {"source", "path", "licence"} & self.model_fields_set:
            raise ValueError("'sources' lists all: 'source', 'path' and 'licence' are for a single one")
        labels = [one.name for one in self.sources]
        if len(set(labels)) != len(labels):
            raise ValueError("two of the sources have one label")
        given = (self.path is not None, self.licence is not None)
        if given != ((True, True) if self.source == "folder" else (False, False)):
            raise ValueError("'path' and 'licence' belong to source 'folder', which needs both")
        if not self.suffixes or not all(suffix.startswith(".") for suffix in self.suffixes):
            raise ValueError("'suffixes' are like '.py'")
        return self

    def all_sources(self) -> tuple[SourceSettings, ...]:
        """Every source; the single one as such."""
        if self.sources:
            return self.sources
        return (
            SourceSettings(kind=self.source, path=self.path, licence=self.licence, suffixes=self.suffixes),
        )
