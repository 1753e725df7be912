"""MLflow's folder of runs (`mlruns/EXPERIMENT/RUN/metrics/NAME`, its default before 3.7): one run of it.

Each figure has a file of its own, a line `TIME VALUE STEP` each; `params/` holds what was set, `meta.yaml`
how the run ended. Folders below `metrics` are the parts of a name (`train/loss`).
Source: mlflow 3.17, store/tracking/file_store.py (_get_metric_from_line), entities/run_status.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from specship import bounds
from specship.errors import DamagedArtifact
from specship.pipeline.run_logs.facts import Facts, Line
from specship.pipeline.run_logs.formats._store import merged, read_store, setting
from specship.pipeline.run_logs.formats.mlflow_database import PLACES
from specship.pipeline.run_logs.log_format import MOST_DAMAGE, LogFormat
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns
from specship.strict_json import read_bytes

KIND: Final = "MLflow folder"
_META: Final = "meta.yaml"
_METRICS: Final = "metrics"
_LINE: Final = re.compile(
    rb"([0-9]{1,20}) ([-+]?(?:[0-9.]{1,40}(?:[eE][-+]?[0-9]{1,3})?|nan|inf))(?: ([0-9]{1,16}))?(?: .{0,200})?"
)
_STATUS: Final = re.compile(rb"^status: ([0-9])\s*$", re.MULTILINE)
_ENDED: Final = {b"1": False, b"2": False, b"3": True, b"4": True, b"5": False}
"""RUNNING, SCHEDULED, FINISHED, FAILED, KILLED."""
_FILES: Final = 1000
"""Most figures, and most settings, of a run."""
_DEPTH: Final = 8


def read_files(path: Path, columns: Columns = NO_COLUMNS) -> tuple[Facts, list[str]]:
    """Facts of the run whose `meta.yaml` is named.

    Raises:
        DamagedArtifact: a file is beyond its bound, or cannot be read.
    """
    folder = path.parent
    damage: list[str] = []
    meta = read_bytes(path, bounds.YAML_BYTES)
    figures = sorted(
        (one for file in _below(folder / _METRICS) for one in _figures(folder, file, damage)),
        key=lambda one: one[0],
    )
    records = merged((line, step, name, value) for _, line, step, name, value in figures)
    if not records:
        raise DamagedArtifact("no run of MLflow", at=folder, why=f"no figure lies in its `{_METRICS}`")
    params = folder / "params"
    settings = {
        str(file.relative_to(params)): setting(read_bytes(file, bounds.YAML_BYTES).decode("utf-8", "replace"))
        for file in _below(params)
    }
    status = match[1] if (match := _STATUS.search(meta)) else b""
    reason = "the run is marked FAILED" if status == b"4" else ""
    return read_store(
        KIND, records, settings, damage, columns, ended=_ENDED.get(status), reason=reason
    ), damage


def _below(folder: Path) -> list[Path]:
    """Files below a folder, no links, the first thousand by name."""
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders.sort()
        if len(Path(place).relative_to(folder).parts) >= _DEPTH:
            folders.clear()
        found += [Path(place, name) for name in sorted(files)]
        if len(found) >= _FILES:
            break
    return found[:_FILES]


def _figures(
    folder: Path, file: Path, damage: list[str]
) -> Iterator[tuple[tuple[int, int], Line, int, str, float]]:
    """Each figure of a file with what orders it: when it was logged, and its line."""
    name = str(file.relative_to(folder / _METRICS))
    for number, data in enumerate(read_bytes(file, bounds.LOG_BYTES).splitlines(keepends=True), start=1):
        line = Line(str(file.relative_to(folder)), number)
        if len(damage) >= MOST_DAMAGE:
            return
        found = _LINE.fullmatch(data.rstrip(b"\r\n"))
        try:
            value = float(found[2]) if found else None
        except ValueError:
            value = None
        if not data.endswith(b"\n"):
            damage.append(f"{line} has no newline: it may have been cut while it was written")
        elif found is None or value is None:
            damage.append(f"{line} is no figure: a time, a value and a step")
        else:
            yield (int(found[1]), number), line, int(found[3] or 0), name, value


def _is_run(path: Path) -> bool:
    return (path.parent / _METRICS).is_dir()


FORMAT: Final = LogFormat(
    kind=KIND,
    files=(_META, f"*/{_META}", f"*/*/{_META}", f"mlruns/*/*/{_META}"),
    read=read_files,
    recognises=_is_run,
    one_only=True,
    places={
        need: place.replace("table `metrics`", "files below `metrics`") for need, place in PLACES.items()
    },
)
