"""Records of containers (JSON Lines, Parquet, Arrow): which field of each is what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specship.errors import RequirementMissing, UnusableInput
from specship.pipeline.corpus import source
from specship.pipeline.corpus.source import Listed, Source, listed_file
from specship.pipeline.corpus.source_kind import COMPRESSIONS, FoundDocument

if TYPE_CHECKING:
    from specship.pipeline.corpus.settings import SourceSettings


def without_compression(name: str) -> str:
    """A file's name without the ending that says how it is compressed."""
    for ending in COMPRESSIONS:
        name = name.removesuffix(ending)
    return name


def opener(kind: str, endings: tuple[str, ...]) -> Callable[[SourceSettings, Path], Source]:
    """Opens a container, or a folder of them whose names have one of the endings."""

    def opened(settings: SourceSettings, project: Path) -> Source:
        return source.labelled(
            kind,
            source.inside(project, settings.path or ""),
            settings.path or "",
            settings.licence or source.UNKNOWN,
            endings,
            fields={
                "text": settings.text_field,
                "name": settings.name_field or "",
                "licence": settings.licence_field or "",
                "group": settings.group_field or "",
            },
        )

    return opened


def containers(origin: Source) -> Iterator[Listed]:
    """The containers of a source: the one file, or those of the folder."""
    if origin.root.is_dir() and not origin.root.is_symlink():
        yield from source.list_files(origin)
    else:
        yield listed_file(origin.kind, origin.root, origin.root.name)


def place_of(origin: Source, listed: Listed) -> Path:
    """Where a listed container lies."""
    return origin.root / listed.path if origin.root.is_dir() else origin.root


def found(origin: Source, listed: Listed, number: int, record: Any, limit: int) -> FoundDocument:
    """The document of a record, or why there is none in it; records are counted from 1."""
    values: Mapping[str, Any] = record if isinstance(record, dict) else {}
    name = f"{listed.path}#{number}"
    text = values.get(origin.fields["text"])
    if not isinstance(text, str):
        return FoundDocument(name, skipped=f"no text under {origin.fields['text']!r}")
    if len(text) > limit:
        return FoundDocument(name, skipped=f"longer than {limit} bytes")
    data = text.encode("utf-8", errors="surrogatepass")
    if len(data) > limit:
        return FoundDocument(name, skipped=f"longer than {limit} bytes")
    told = {key: values.get(field) for key, field in origin.fields.items() if field and key != "text"}
    words = {key: value if isinstance(value, str) else "" for key, value in told.items()}
    said = words.get("name", "").strip()
    return FoundDocument(
        f"{name} {said[:200]}" if said else name,
        data,
        licence=words.get("licence", "").strip()[:200],
        group=words.get("group", "").strip()[:200],
    )


def need_pyarrow(what: str) -> None:
    """Refuse where the library is not installed.

    Raises:
        RequirementMissing: it is not.
    """
    try:
        import pyarrow as _  # noqa: F401, ICN001 - asked for, not used here
    except ImportError as error:
        raise RequirementMissing(
            f"{what} needs pyarrow, which is not installed", mend="pip install 'specship[data]'"
        ) from error


def refuse_damaged(error: Exception, path: Path) -> UnusableInput:
    """What is said of a container that its library cannot read."""
    return UnusableInput(
        f"cannot be read: {str(error)[:200]}", at=path, mend="leave the file out, or fetch it again"
    )
