"""MLflow's database of runs (`mlflow.db`, SQLite, its default since 3.7): one run of it.

Read without MLflow: opened for reading alone and as a file that does not change, so that nothing is written
beside it; rows of one run, within bounds; a schema of views or virtual tables is refused, and a query that
does not end is ended. Figures have the names that the script gave; parameters are what was set, and a
Trainer's are read as such. MLflow holds NaN as a mark beside the number, and infinity as the largest double.
Source: mlflow 3.17, store/tracking/dbmodels/models.py and sqlalchemy_store.py (_log_metrics).
"""

from __future__ import annotations

import contextlib
import math
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from specship import bounds
from specship.errors import DamagedArtifact, SpecshipError
from specship.pipeline.run_logs.facts import Facts, Line
from specship.pipeline.run_logs.formats._store import chosen, merged, read_store, setting
from specship.pipeline.run_logs.log_format import LogFormat
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns
from specship.strict_json import open_regular

KIND: Final = "MLflow database"
_NAME: Final = "mlflow.db"
_HEAD: Final = b"SQLite format 3\x00"
_TABLES: Final = {
    "runs": {"run_uuid", "name", "status", "lifecycle_stage"},
    "metrics": {"key", "value", "run_uuid", "step", "is_nan"},
    "params": {"key", "value", "run_uuid"},
}
_RUNS: Final = 10_000
_SETTINGS: Final = 10_000
_TEXT: Final = 1 << 20
_INSTRUCTIONS: Final = 100_000
_TURNS: Final = 20_000
"""Times so many instructions of SQLite's machine: a million rows take some ten million."""
_LARGEST: Final = 1.7976931348623157e308
_ENDED: Final = {"FINISHED": True, "FAILED": True, "KILLED": False, "RUNNING": False, "SCHEDULED": False}


def read_database(path: Path, columns: Columns = NO_COLUMNS) -> tuple[Facts, list[str]]:
    """Facts of a run in a database.

    Raises:
        DamagedArtifact: it is no database of MLflow, or beyond its bounds.
        UnusableInput: it holds several runs, and which is meant was not said.
    """
    damage: list[str] = []
    wal = path.with_name(f"{path.name}-wal")
    if wal.is_file() and wal.stat().st_size:
        damage.append(f"{wal.name} lies beside it: what stands there was not written into it yet, nor read")
    try:
        with contextlib.closing(_opened(path)) as database:
            _check(database, path)
            run, status = _run(database, path, columns.run)
            records = merged(_figures(database, path, run))
            settings = _settings(database, run)
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        raise DamagedArtifact(f"cannot be read as a database: {error}", at=path) from error
    reason = "the run is marked FAILED" if status == "FAILED" else ""
    return read_store(
        KIND, records, settings, damage, columns, ended=_ENDED.get(status), reason=reason
    ), damage


def _opened(path: Path) -> sqlite3.Connection:
    with open_regular(path) as (file, size):
        if size > bounds.DATABASE_BYTES:
            raise DamagedArtifact(f"longer than {bounds.DATABASE_BYTES} bytes", at=path, why=f"it has {size}")
        if file.read(len(_HEAD)) != _HEAD:
            raise DamagedArtifact("no database of SQLite", at=path, mend="name MLflow's mlflow.db")
    place = quote(str(path.absolute()))
    database = sqlite3.connect(f"file:{place}?mode=ro&immutable=1", uri=True)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _TEXT)
    database.text_factory = lambda data: data.decode("utf-8", errors="replace")
    turns = iter(range(_TURNS))
    database.set_progress_handler(lambda: int(next(turns, None) is None), _INSTRUCTIONS)
    database.execute("PRAGMA trusted_schema = OFF")
    return database


def _check(database: sqlite3.Connection, path: Path) -> None:
    for table, needed in _TABLES.items():
        made = database.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ? LIMIT 1", (table,)
        ).fetchone()
        plain = made is not None and re.match(r"\s*CREATE\s+TABLE\b", str(made[0]), re.IGNORECASE)
        there = {str(row[1]) for row in database.execute(f"PRAGMA table_info({table})")} if plain else set()
        if not needed <= there:
            raise DamagedArtifact(
                "no database of MLflow",
                at=path,
                why=f"it has no table `{table}` with {', '.join(sorted(needed))}",
                mend="name the mlflow.db that MLflow wrote",
            )


def _is_mlflows(path: Path) -> bool:
    """Whether it is called as MLflow calls it, or holds MLflow's tables."""
    try:
        with contextlib.closing(_opened(path)) as database:
            _check(database, path)
    except (sqlite3.Error, SpecshipError, UnicodeError):
        return path.name == _NAME
    return True


def _run(database: sqlite3.Connection, path: Path, told: str | None) -> tuple[str, str]:
    rows = database.execute(
        "SELECT run_uuid, name, status FROM runs WHERE lifecycle_stage = 'active' AND EXISTS "
        "(SELECT 1 FROM metrics WHERE metrics.run_uuid = runs.run_uuid) LIMIT ?",
        (_RUNS,),
    ).fetchall()
    run = chosen({str(one): str(name or "") for one, name, _ in rows}, told, path)
    return run, next(str(status) for one, _, status in rows if str(one) == run)


def _figures(database: sqlite3.Connection, path: Path, run: str) -> Iterator[tuple[Line, int, str, float]]:
    rows = database.execute(
        "SELECT rowid, step, key, value, is_nan FROM metrics WHERE run_uuid = ? ORDER BY rowid LIMIT ?",
        (run, bounds.DATABASE_ROWS + 1),
    )
    for number, (row, step, key, value, is_nan) in enumerate(rows):
        if number >= bounds.DATABASE_ROWS:
            raise DamagedArtifact(f"more than {bounds.DATABASE_ROWS} figures of one run", at=path)
        if isinstance(step, int) and isinstance(value, int | float):
            figure = (
                math.nan if is_nan else math.copysign(math.inf, value) if abs(value) >= _LARGEST else value
            )
            yield Line(path.name, row, entry=True), step, str(key), float(figure)


def _settings(database: sqlite3.Connection, run: str) -> dict[str, Any]:
    rows = database.execute("SELECT key, value FROM params WHERE run_uuid = ? LIMIT ?", (run, _SETTINGS))
    return {str(key): setting(str(value)) for key, value in rows}


_METRICS: Final = "table `metrics`"
PLACES: Final = {
    "steps": f"figures with their steps in {_METRICS}",
    "steps.loss": f"`loss`, `train_loss` or `train/loss` in {_METRICS}",
    "steps.grad_norm": f"`grad_norm` in {_METRICS}",
    "steps.lr": f"`learning_rate` or `lr` in {_METRICS}",
    "steps.tokens_seen": f"`num_input_tokens_seen` in {_METRICS}",
    "trained_tokens": f"`num_input_tokens_seen` in {_METRICS}",
    "passes": f"`epoch` in {_METRICS}",
    "evaluations": f"`eval_loss`, `val_loss` and their kin in {_METRICS}",
    "vocabulary": "parameter `vocab_size`",
    "ln_vocabulary": "parameter `vocab_size`",
    "planned_steps": "parameter `max_steps`",
    "schedule": "parameters `lr_scheduler_type`, `learning_rate`, `warmup_steps`, `max_steps`",
    "clip_norm": "parameter `max_grad_norm`",
    "finished": "the run's status",
    "ended_step": "the run's status",
}
FORMAT: Final = LogFormat(
    kind=KIND,
    files=(_NAME, "*.db", "*.sqlite"),
    read=read_database,
    recognises=_is_mlflows,
    places=PLACES,
)
