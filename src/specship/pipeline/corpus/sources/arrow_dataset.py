"""A folder that `datasets` saved to the disk: Arrow streams, a document a row.

Source: Hugging Face `datasets`, Dataset.save_to_disk (`state.json`, `data-*.arrow` in Arrow's stream format).
"""

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

_ENDINGS: Final = (".arrow",)
_MARKS: Final = ("state.json", "dataset_dict.json", "dataset_info.json")


def _recognises(path: Path) -> bool:
    return path.is_dir() and any((path / name).is_file() for name in _MARKS)


def _documents(origin: Source, listed: Listed, limit: int) -> Iterator[FoundDocument]:
    if listed.skipped:
        yield FoundDocument(listed.path, skipped=listed.skipped)
        return
    need_pyarrow("a folder of `datasets`")
    import pyarrow as pa

    path = place_of(origin, listed)
    try:
        with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
            if origin.fields["text"] not in stream.schema.names:
                raise UnusableInput(
                    f"there is no column {origin.fields['text']!r}",
                    at=path,
                    why=f"its columns are {', '.join(stream.schema.names)[:200]}",
                    mend="name the column that holds the text: text_field",
                )
            columns = [name for name in origin.fields.values() if name in stream.schema.names]
            number = 0
            for batch in stream:
                if batch.nbytes > PARQUET_COLUMN_BYTES:
                    raise ValueError(f"a batch of {batch.nbytes} bytes")
                for row in range(batch.num_rows):
                    number += 1
                    record = {name: batch.column(name)[row].as_py() for name in columns}
                    yield found(origin, listed, number, record, limit)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise refuse_damaged(error, path) from error


KIND: Final = SourceKind(
    recognises=_recognises,
    open=opener("arrow-dataset", _ENDINGS),
    files=containers,
    documents=_documents,
    many=True,
)
