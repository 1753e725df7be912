"""Lightning's `metrics.csv`, as its CSVLogger writes it: a line for each call that logged, in part empty.

Train and validation have lines of their own, and a rate that a monitor logged another one for the same step;
`log_every_n_steps` lets most steps out, so that a gap is no loss. Steps count from 0.
Source: lightning 2.5, lightning/fabric/loggers/csv_logs.py (_ExperimentWriter).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from specship import bounds
from specship.errors import DamagedArtifact, Place
from specship.pipeline.run_logs.facts import Facts, Line
from specship.pipeline.run_logs.json_values import count
from specship.pipeline.run_logs.log_format import MOST_DAMAGE, LogFormat, Record, facts_of
from specship.strict_json import read_bytes

KIND: Final = "Lightning log"
_NUMBER: Final = re.compile(
    r"[-+]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?(?:[eE][-+]?[0-9]{1,3})?|nan|inf)", re.IGNORECASE
)
_STEP: Final = "step"


def read_metrics(path: Path) -> tuple[Facts, list[str]]:
    """Facts of a `metrics.csv`.

    Raises:
        DamagedArtifact: it is no such table, or beyond its bounds.
    """
    data = read_bytes(path, bounds.CSV_BYTES)
    damage: list[str] = []
    try:
        rows = csv.reader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
        header = _header(path, next(rows, []))
        records = list(_of_steps(_records(path.name, header, rows, damage)))
    except (csv.Error, UnicodeDecodeError) as error:
        raise DamagedArtifact(f"cannot be read as CSV: {error}", at=path) from error
    return facts_of(KIND, records, damage), damage


def _header(path: Path, header: list[str]) -> list[str]:
    if _STEP not in header or len(set(header)) != len(header) or len(header) > bounds.CSV_COLUMNS:
        raise DamagedArtifact(
            "no table of metrics",
            at=Place(str(path), line=1),
            why=f"its first line must name `{_STEP}`, each column once, and at most {bounds.CSV_COLUMNS}",
            mend="name the metrics.csv that Lightning's CSVLogger wrote",
        )
    return header


def _records(file: str, header: list[str], rows: Iterable[list[str]], damage: list[str]) -> Iterator[Record]:
    for number, row in enumerate(rows, start=2):
        line = Line(file, number)
        if len(damage) >= MOST_DAMAGE:
            damage.append(f"{line}: as much could not be read before it; what stands behind it was not")
            return
        if len(row) != len(header):
            damage.append(f"{line}: it has {len(row)} columns, the first line names {len(header)}")
            continue
        cells = {name: text for name, text in zip(header, row, strict=True) if text}
        odd = [name for name, text in cells.items() if not _NUMBER.fullmatch(text)]
        if odd:
            damage.append(f"{line}: {odd[0]:.40} is {cells[odd[0]]!r:.40}, no number")
        record = {name: float(text) for name, text in cells.items() if name not in odd}
        if _STEP in record and count(record[_STEP]) is None:
            damage.append(f"{line}: {_STEP} is {cells[_STEP]!r:.40}, no whole number")
        yield line, record


def _of_steps(records: Iterator[Record]) -> Iterator[Record]:
    """A step's rate joins the record of its loss where a line of its own holds it."""
    waiting: dict[str, Any] = {}
    for line, record in records:
        if waiting.get(_STEP) == record.get(_STEP):
            record = {**waiting, **record}  # noqa: PLW2901 - the same step's
        waiting = dict(record) if not any("loss" in name for name in record) else {}
        if not waiting:
            yield line, record


_COLUMNS: Final = "metrics.csv"
FORMAT: Final = LogFormat(
    kind=KIND,
    files=("metrics.csv", "version_*/metrics.csv", "lightning_logs/version_*/metrics.csv", "*metrics.csv"),
    read=read_metrics,
    places={
        "steps": f"`{_STEP}` and `train_loss` in {_COLUMNS}",
        "steps.loss": f"`train_loss` in {_COLUMNS}",
        "steps.grad_norm": f"`grad_norm` in {_COLUMNS}",
        "steps.lr": f"`lr` or `lr-OPTIMIZER` in {_COLUMNS}",
        "passes": f"`epoch` in {_COLUMNS}",
        "evaluations": f"`val_loss` or `val_NAME_loss` in {_COLUMNS}",
    },
)
