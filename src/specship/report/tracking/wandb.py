"""Weights & Biases: an offline run for each model and profile, which `wandb sync` takes up.

The run's history has one record with all figures, its summary the same, its config what was judged.
Source: wandb 0.31, sdk/internal/datastore.py and proto/wandb_internal.proto.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from specship.digests import sha256_bytes
from specship.files import write_file
from specship.report.judged_figures import run_name, scalars, seconds
from specship.report.tracking._messages import field, varint
from specship.status.report import Report

_HEAD: Final = b":W&B\xe1\xbe\x00"
_BLOCK: Final = 32_768
_CHUNK: Final = 7
_HISTORY, _SUMMARY, _RUN, _EXIT = 2, 3, 17, 18


def write(report: Report, folder: Path) -> list[Path]:
    """Write `FOLDER/wandb/offline-run-TIME-ID/run-ID.wandb`.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    made = []
    for model in report.models:
        moment = seconds(model)
        run = sha256_bytes(f"{model.model} {model.profile} {moment}".encode())[:8]
        config = {"model": model.model, "profile": model.profile, "kind": model.kind, "spec": report.spec}
        figures = scalars(model)
        start = field(17, varint(1 << 3) + varint(int(moment)))
        about = field(1, run.encode()) + field(3, b"specship") + field(4, _items(config))
        records = [
            field(_RUN, about + field(8, run_name(model).encode()) + start),
            field(_HISTORY, _items({**figures, "_step": 0, "_timestamp": moment})),
            field(_SUMMARY, _items(figures)),
            field(_EXIT, b""),
        ]
        numbered = (varint(1 << 3) + varint(at) + one for at, one in enumerate(records, start=1))
        time = datetime.fromtimestamp(moment, UTC).strftime("%Y%m%d_%H%M%S")
        path = folder / "wandb" / f"offline-run-{time}-{run}" / f"run-{run}.wandb"
        write_file(path, _chunks(numbered))
        made.append(path)
    return made


def _items(values: Mapping[str, Any]) -> bytes:
    """Items with their names in one part, and values as JSON."""
    return b"".join(
        field(1, field(1, name.encode()) + field(16, json.dumps(value).encode()))
        for name, value in values.items()
    )


def _chunks(records: Iterable[bytes]) -> bytes:
    """Records in chunks of which none goes over the end of a block."""
    out = bytearray(_HEAD)
    for record in records:
        rest, first = record, True
        while first or rest:
            left = _BLOCK - len(out) % _BLOCK
            if left < _CHUNK:
                out += bytes(left)
                left = _BLOCK
            part, rest = rest[: left - _CHUNK], rest[left - _CHUNK :]
            kind = (1 if not rest else 2) if first else (3 if rest else 4)
            out += struct.pack("<IHB", zlib.crc32(bytes([kind]) + part), len(part), kind) + part
            first = False
    return bytes(out)
