"""A table of figures in CSV: its header, and a record for each line that can be read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from specship import bounds
from specship.errors import DamagedArtifact, Place
from specship.pipeline.run_logs.facts import Line
from specship.pipeline.run_logs.json_values import count
from specship.pipeline.run_logs.log_format import MOST_DAMAGE
from specship.pipeline.run_logs.series.building import Record
from specship.pipeline.run_logs.series.columns import Columns
from specship.strict_json import read_bytes

NUMBER: Final = re.compile(
    r"[-+]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?(?:[eE][-+]?[0-9]{1,3})?|\.[0-9]{1,40}|nan|inf(?:inity)?)",
    re.IGNORECASE,
)


def read_table(path: Path, damage: list[str], *, mend: str) -> tuple[list[str], Iterator[Record]]:
    """Names of the columns, and a record for each line that has as many, one at a time.

    Raises:
        DamagedArtifact: it is no such table, or beyond its bounds.
    """
    data = read_bytes(path, bounds.CSV_BYTES)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _no_csv(path, error) from error
    rows = _rows(path, text)
    header = _header(path, next(rows, []), mend)
    return header, _records(path.name, header, rows, data.count(b"\n") + 1, damage)


def _rows(path: Path, text: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise _no_csv(path, error) from error


def _no_csv(path: Path, error: Exception) -> DamagedArtifact:
    return DamagedArtifact(f"cannot be read as CSV: {error}", at=path)


def _header(path: Path, header: list[str], mend: str) -> list[str]:
    names = [name.strip() for name in header]
    if not any(names) or len(set(names)) != len(names) or len(names) > bounds.CSV_COLUMNS:
        raise DamagedArtifact(
            "no table of metrics",
            at=Place(str(path), line=1),
            why=f"its first line must name each column once, and at most {bounds.CSV_COLUMNS}",
            mend=mend,
        )
    if all(not name or NUMBER.fullmatch(name) for name in names):
        raise DamagedArtifact(
            "no table of metrics",
            at=Place(str(path), line=1),
            why="its first line holds figures where the names of the columns should stand",
            mend=mend,
        )
    return names


def _records(
    file: str, header: list[str], rows: Iterable[list[str]], cut: int, damage: list[str]
) -> Iterator[Record]:
    for number, row in enumerate(rows, start=2):
        line = Line(file, number)
        if len(damage) >= MOST_DAMAGE:
            damage.append(f"{line}: as much could not be read before it; what stands behind it was not")
            return
        if not row:
            continue
        if len(row) != len(header):
            damage.append(f"{line}: it has {len(row)} columns, the first line names {len(header)}")
            continue
        if number == cut:
            damage.append(f"{line} has no newline: it may have been cut while it was written")
            return
        cells = {name: text.strip() for name, text in zip(header, row, strict=True) if text.strip()}
        yield line, {name: float(text) if NUMBER.fullmatch(text) else text for name, text in cells.items()}


def figures(
    records: Iterable[Record], columns: Columns, damage: list[str], also: Iterable[str] = ()
) -> Iterator[Record]:
    """Records without the cells that are no number though their column must hold some; these are said.

    Those columns are the ones that are told, and others by name.
    """
    asked = {*columns.told, *also}
    for line, record in records:
        if len(damage) >= MOST_DAMAGE:
            damage.append(f"{line}: as much could not be read before it; what stands behind it was not")
            return
        odd = [name for name in record if name in asked and not isinstance(record[name], float)]
        step = columns.names_of("step")[0]
        if odd:
            damage.append(f"{line}: {odd[0]:.40} is {record[odd[0]]!r:.40}, no number")
        elif step in record and count(record[step]) is None:
            damage.append(f"{line}: {step} is {f'{record[step]:.12g}'!r:.40}, no whole number")
        yield line, {name: value for name, value in record.items() if name not in odd}
