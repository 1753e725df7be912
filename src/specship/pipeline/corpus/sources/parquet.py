"""Parquet: a document a row. Source: Apache Parquet, read by pyarrow a few hundred rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from specship.bounds import PARQUET_COLUMN_BYTES
from specship.errors import UnusableInput
from specship.pipeline.corpus.source import Listed, Source
from specship.pipeline.corpus.source_kind import FoundDocument, SourceKind
from specship.pipeline.corpus.sources._records import (
    containers,
    found,
    need_pyarrow,
    opener,
    place_of,
    refuse_damaged,
)

_ENDINGS: Final = (".parquet",)
_ROWS: Final = 64


def _recognises(path: Path) -> bool:
    return path.is_file() and path.name.endswith(_ENDINGS)


def _documents(origin: Source, listed: Listed, limit: int) -> Iterator[FoundDocument]:
    if listed.skipped:
        yield FoundDocument(listed.path, skipped=listed.skipped)
        return
    need_pyarrow("a Parquet file")
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = place_of(origin, listed)
    try:
        with pq.ParquetFile(path) as file:
            columns = _columns(file, origin, path)
            number = 0
            for batch in file.iter_batches(batch_size=_ROWS, columns=columns, use_threads=False):
                for record in batch.to_pylist():
                    number += 1
                    yield found(origin, listed, number, record, limit)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise refuse_damaged(error, path) from error


def _columns(file: object, origin: Source, path: Path) -> list[str]:
    """The columns that are read, after their sizes were found within bounds."""
    metadata = file.metadata  # type: ignore[attr-defined]
    wanted = [name for name in origin.fields.values() if name]
    names = file.schema_arrow.names  # type: ignore[attr-defined]
    if origin.fields["text"] not in names:
        raise UnusableInput(
            f"there is no column {origin.fields['text']!r}",
            at=path,
            why=f"its columns are {', '.join(names)[:200]}",
            mend="name the column that holds the text: text_field",
        )
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for place in range(row_group.num_columns):
            column = row_group.column(place)
            size = column.total_uncompressed_size
            if column.path_in_schema in wanted and size > PARQUET_COLUMN_BYTES:
                raise UnusableInput(
                    f"row group {group} unpacks to {size} bytes under {column.path_in_schema!r}",
                    at=path,
                    why=f"at most {PARQUET_COLUMN_BYTES} are read at once",
                    mend="write the file again with smaller row groups",
                )
    return [name for name in names if name in wanted]


KIND: Final = SourceKind(
    recognises=_recognises,
    open=opener("parquet", _ENDINGS),
    files=containers,
    documents=_documents,
    many=True,
)
