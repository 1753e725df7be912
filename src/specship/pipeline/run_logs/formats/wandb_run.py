"""A run of Weights & Biases as its library writes it on the disk: `wandb/offline-run-*/run-ID.wandb`.

    file      ":W&B", 0xBEE1, version 0, then blocks of 32 768 bytes from its beginning
    chunk     CRC-32 of type and data · length, uint16 · type: 1 whole, 2 first, 3 middle, 4 last · data
    Record    2 history   17 run   18 exit         History   1 item (repeated)
    Item      1 key   2 part of a nested key (repeated)   16 value as JSON
    Run       4 config: 1 update (repeated Item)   Exit   1 exit code

A chunk never spans two blocks; what is left of a block behind the last chunk is zeros. History has the names
that the script gave; `_step` counts calls of `log` where it gave no step. What was set stands in the run's
config, a Trainer's arguments and its model's configuration among it. The file is read up to the first chunk
whose checksum does not hold. History that was saved as CSV or JSON Lines is read as a table of one's own.
Source: wandb 0.31, sdk/internal/datastore.py and proto/wandb_internal.proto.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from specship.bounds import LOG_BYTES
from specship.errors import DamagedArtifact
from specship.pipeline.run_logs.facts import Facts, Line
from specship.pipeline.run_logs.formats._protobuf import fields
from specship.pipeline.run_logs.formats._store import read_store
from specship.pipeline.run_logs.formats.mlflow_database import PLACES
from specship.pipeline.run_logs.json_values import number
from specship.pipeline.run_logs.log_format import MOST_DAMAGE, LogFormat
from specship.pipeline.run_logs.series.building import Record
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns
from specship.strict_json import read_bytes

KIND: Final = "Weights & Biases run"
_HEAD: Final = b":W&B\xe1\xbe\x00"
_BLOCK: Final = 32_768
_CHUNK: Final = struct.Struct("<IHB")
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_HISTORY, _RUN, _EXIT, _CONFIG = 2, 17, 18, 4
_KEY, _PART, _VALUE = 1, 2, 16
_NOT_FINITE: Final = {"NaN", "Infinity", "-Infinity"}
_JSON: Final = 1 << 20
"""Bytes of a value beyond which it is no figure: tables and plots are skipped."""


def read_wandb(path: Path, columns: Columns = NO_COLUMNS) -> tuple[Facts, list[str]]:
    """Facts of a run.

    Raises:
        DamagedArtifact: it is none, or beyond its bound.
    """
    data = read_bytes(path, LOG_BYTES)
    if not data.startswith(_HEAD):
        raise DamagedArtifact(
            "no run of Weights & Biases",
            at=path,
            why="it does not begin as one of version 0 does",
            mend="name the run-ID.wandb that wandb wrote",
        )
    damage: list[str] = []
    records: list[Record] = []
    settings: dict[str, Any] = {}
    code: int | None = None
    for place, record in enumerate(_records(path.name, data, damage), start=1):
        line = Line(path.name, place, entry=True)
        if len(damage) >= MOST_DAMAGE:
            damage.append(f"{line}: as much could not be read before it; what stands behind it was not")
            break
        try:
            for kind, value in fields(record):
                if kind == _HISTORY and isinstance(value, bytes):
                    records += [(line, step)] if (step := _figures(value)) else []
                elif kind == _RUN and isinstance(value, bytes):
                    settings |= _config(value)
                elif kind == _EXIT and isinstance(value, bytes):
                    code = next((one for at, one in fields(value) if at == 1 and isinstance(one, int)), 0)
        except ValueError as error:
            damage.append(f"{line} is no record: {error}")
    if not records:
        raise DamagedArtifact(
            "no history of Weights & Biases", at=path, why=damage[0] if damage else "nothing was logged"
        )
    reason = f"the run's process ended with exit code {code}" if code else ""
    ended = None if code is None else True
    return read_store(KIND, records, settings, damage, columns, ended=ended, reason=reason), damage


def _records(file: str, data: bytes, damage: list[str]) -> Iterator[bytes]:
    """The data of each record whose checksums hold, up to the first that breaks."""
    at, parts = len(_HEAD), list[bytes]()
    while at < len(data):
        left = _BLOCK - at % _BLOCK
        if left < _CHUNK.size:
            at += left
            continue
        head = data[at : at + _CHUNK.size]
        checksum, length, kind = _CHUNK.unpack(head) if len(head) == _CHUNK.size else (0, 0, 0)
        body = data[at + _CHUNK.size : at + _CHUNK.size + length]
        follows = kind in {_MIDDLE, _LAST}
        sound = len(body) == length <= left - _CHUNK.size and zlib.crc32(bytes([kind]) + body) == checksum
        if not sound or not _WHOLE <= kind <= _LAST or follows != bool(parts):
            damage.append(f"{file} was cut or changed at byte {at}; what stands behind it was not read")
            return
        parts.append(body)
        at += _CHUNK.size + length
        if kind in {_WHOLE, _LAST}:
            yield b"".join(parts)
            parts = []
    if parts:
        damage.append(f"{file} was cut while it was written: its last record has no end")


def _items(data: bytes, at: int) -> Iterator[tuple[str, Any]]:
    """Names and values of the items in one field of a message; those that are no JSON are left out."""
    for place, item in fields(data):
        if place != at or not isinstance(item, bytes):
            continue
        names, value = list[str](), b""
        for kind, part in fields(item):
            if kind in {_KEY, _PART} and isinstance(part, bytes):
                names.append(part.decode("utf-8", errors="replace"))
            elif kind == _VALUE and isinstance(part, bytes):
                value = part
        if names and len(value) <= _JSON:
            try:
                yield "/".join(names), json.loads(value)
            except (ValueError, RecursionError):
                continue


def _figures(history: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in _items(history, 1):
        if isinstance(value, str) and value in _NOT_FINITE:
            found[name] = float(value)
        elif (figure := number(value)) is not None:
            found[name] = figure
    return found


def _config(run: bytes) -> dict[str, Any]:
    return {
        name: value
        for at, config in fields(run)
        if at == _CONFIG and isinstance(config, bytes)
        for name, value in _items(config, 1)
    }


FORMAT: Final = LogFormat(
    kind=KIND,
    files=(
        "*.wandb",
        "offline-run-*/run-*.wandb",
        "wandb/offline-run-*/run-*.wandb",
        "wandb/run-*/run-*.wandb",
    ),
    read=read_wandb,
    places={
        need: place.replace("table `metrics`", "the run's history").replace("parameter", "config")
        for need, place in PLACES.items()
    }
    | {"finished": "the record of its exit", "ended_step": "the record of its exit"},
)
