"""Records that a script of its own wrote as JSON Lines, under names of its author.

Objects inside a record are looked into: `{"train": {"loss": 2.1}}` holds `train/loss`. NaN and infinity are
read as Python writes them, and as texts. History of Weights & Biases that was saved as JSON Lines is such a
log, and so is what torchtitan's structured log or axolotl leave.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from specship.bounds import CSV_COLUMNS, LOG_BYTES
from specship.errors import DamagedArtifact
from specship.pipeline.run_logs.facts import Facts, Line
from specship.pipeline.run_logs.formats._plain import places
from specship.pipeline.run_logs.formats._table import figures
from specship.pipeline.run_logs.json_values import number
from specship.pipeline.run_logs.log_format import MOST_DAMAGE, LogFormat
from specship.pipeline.run_logs.series.building import Record, facts_of
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns
from specship.strict_json import read_bytes

KIND: Final = "JSON Lines log"
_DEPTH: Final = 3
_NOT_FINITE: Final = {"nan", "inf", "infinity", "-inf", "-infinity"}


def read_plain_lines(path: Path, columns: Columns = NO_COLUMNS) -> tuple[Facts, list[str]]:
    """Facts of the records.

    Raises:
        DamagedArtifact: nothing of it can be read, or it is beyond its bounds.
        UnusableInput: which name holds the step or the loss is not known.
    """
    damage: list[str] = []
    records = list(_records(path, damage))
    if not records:
        raise DamagedArtifact(
            "no log in JSON Lines",
            at=path,
            why=damage[0] if damage else "it is empty",
            mend="name a file that holds a JSON object on each line",
        )
    settled = columns.for_names({name for _, record in records for name in record}, path)
    return facts_of(KIND, list(figures(records, settled, damage)), damage, settled), damage


def _records(path: Path, damage: list[str]) -> Iterator[Record]:
    for number_, data in enumerate(read_bytes(path, LOG_BYTES).splitlines(keepends=True), start=1):
        line = Line(path.name, number_)
        if len(damage) >= MOST_DAMAGE:
            damage.append(f"{line}: as much could not be read before it; what stands behind it was not")
            return
        if not data.strip():
            continue
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            cut = "" if data.endswith(b"\n") else "was cut while it was written: "
            damage.append(f"{line} {cut}cannot be read as JSON: {str(error)[:80]}")
            continue
        if not isinstance(value, dict):
            damage.append(f"{line} is no record")
            continue
        flat = dict(_flat(value))
        if len(flat) > CSV_COLUMNS:
            damage.append(f"{line} holds {len(flat)} names, and at most {CSV_COLUMNS} are read")
        else:
            yield line, flat


def _flat(value: Mapping[str, Any], before: str = "", depth: int = 1) -> Iterator[tuple[str, Any]]:
    for name, one in value.items():
        if isinstance(one, dict) and depth < _DEPTH:
            yield from _flat(one, f"{before}{name}/", depth + 1)
        elif isinstance(one, str) and one.lower() in _NOT_FINITE:
            yield before + name, float(one)
        else:
            yield before + name, one if (found := number(one)) is None else found


FORMAT: Final = LogFormat(
    kind=KIND, files=("*.jsonl",), read=read_plain_lines, one_only=True, order=1, places=places("records")
)
