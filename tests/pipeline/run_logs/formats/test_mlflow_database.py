"""MLflow's database: one run, its status, its parameters; and databases that were made to hurt."""

import contextlib
import math
import random
import sqlite3
from pathlib import Path

import pytest

from specship.diagnose.opening import diagnose_run
from specship.errors import SpecshipError
from specship.pipeline.run_logs.formats.mlflow_database import read_database
from specship.pipeline.run_logs.series.columns import Columns
from tests.diagnose.foreign_logs import SCHEMA, Run, healthy, mlflow_database
from tests.diagnose.written_runs import names


def edited(path: Path, *commands: str) -> Path:
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        for command in commands:
            database.executescript(command)
    return path


def test_a_run_is_read_with_what_was_set(tmp_path: Path) -> None:
    run = healthy(every=10)
    mlflow_database(tmp_path, run)
    before = sorted(tmp_path.iterdir())
    found = diagnose_run(tmp_path)
    facts = found.facts

    assert (facts.kind, names(found), len(facts.steps), len(facts.evaluations)) == (
        "MLflow database",
        [],
        29,
        5,
    )
    assert (facts.vocabulary, facts.planned_steps, facts.clip_norm) == (257, 290, 1.0)
    assert (facts.finished, facts.ended_step, facts.log_every) == (True, 290, 10)
    assert str(facts.steps[1].line) == "mlflow.db entry 4"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("status", "finished", "reason"),
    [
        ("FINISHED", True, ""),
        ("FAILED", True, "the run is marked FAILED"),
        ("KILLED", False, ""),
        ("RUNNING", False, ""),
    ],
)
def test_how_a_run_ended_is_its_status(tmp_path: Path, status: str, finished: bool, reason: str) -> None:
    run = healthy()
    facts, _ = read_database(mlflow_database(tmp_path, Run(run.records[:100], 290), status=status))

    assert (facts.finished, facts.stop_reason) == (finished, reason)
    assert facts.ended_step == (run.records[99]["step"] if finished else None)


def test_figures_that_are_not_finite(tmp_path: Path) -> None:
    records = [{"step": 1, "loss": math.nan}, {"step": 2, "loss": 1.7976931348623157e308}]
    facts, _ = read_database(mlflow_database(tmp_path, Run(records, 2)))

    assert [str(one.loss) for one in facts.steps] == ["nan", "inf"]


def test_of_several_runs_one_is_named(tmp_path: Path) -> None:
    path = edited(
        mlflow_database(tmp_path, healthy()),
        "INSERT INTO runs VALUES ('r2', 'other', 'FINISHED', 'active', 1)",
        "INSERT INTO runs VALUES ('r3', 'gone', 'FINISHED', 'deleted', 1)",
        "INSERT INTO metrics VALUES ('loss', 2.5, 1, 'r2', 7, 0), ('loss', 2.5, 1, 'r3', 7, 0)",
    )
    with pytest.raises(SpecshipError, match="2 runs with figures lie here") as caught:
        read_database(path)
    assert "r1 (tiny), r2 (other)" in str(caught.value)

    for told in ("r2", "other"):
        assert [one.step for one in read_database(path, Columns(run=told))[0].steps] == [7]
    with pytest.raises(SpecshipError, match="0 runs are called 'third'"):
        read_database(path, Columns(run="third"))


def test_what_was_not_yet_written_into_it_is_said(tmp_path: Path) -> None:
    path = mlflow_database(tmp_path, healthy())
    path.with_name("mlflow.db-wal").write_bytes(b"x" * 100)

    assert read_database(path)[1][0].startswith("mlflow.db-wal lies beside it")


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE a (b)",
        SCHEMA.replace("run_uuid", "run"),
        "CREATE TABLE x (run_uuid, name, status, lifecycle_stage); CREATE VIEW runs AS SELECT * FROM x",
    ],
)
def test_a_database_of_something_else_is_refused(tmp_path: Path, schema: str) -> None:
    with pytest.raises(SpecshipError, match="no database of MLflow"):
        read_database(edited(tmp_path / "mlflow.db", schema))


def test_a_query_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specship.pipeline.run_logs.formats.mlflow_database._TURNS", 0)
    monkeypatch.setattr("specship.pipeline.run_logs.formats.mlflow_database._INSTRUCTIONS", 10)
    with pytest.raises(SpecshipError, match="cannot be read as a database: interrupted"):
        read_database(mlflow_database(tmp_path, healthy()))


@pytest.mark.parametrize("data", [b"", b"x" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_what_is_no_database_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "mlflow.db").write_bytes(data)
    with pytest.raises(SpecshipError):
        read_database(tmp_path / "mlflow.db")


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real.db").write_bytes(mlflow_database(tmp_path, healthy()).read_bytes())
    (tmp_path / "mlflow.db").unlink()
    (tmp_path / "mlflow.db").symlink_to(tmp_path / "real.db")
    with pytest.raises(SpecshipError, match="it is a link"):
        read_database(tmp_path / "mlflow.db")


def test_mutants_are_read_or_refused(tmp_path: Path) -> None:
    dice = random.Random(5)  # noqa: S311 - mutants
    sound = mlflow_database(tmp_path, Run(healthy().records[:20], 20)).read_bytes()
    for _ in range(100):
        data = bytearray(sound)
        for _ in range(dice.randint(1, 8)):
            data[dice.randrange(16, len(data))] = dice.randrange(256)
        (tmp_path / "mlflow.db").write_bytes(data[: dice.choice([len(data), dice.randrange(len(data))])])
        with contextlib.suppress(SpecshipError):
            read_database(tmp_path / "mlflow.db")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the library and what it imports
@pytest.mark.parametrize("store", ["sqlite", "file"])
def test_what_mlflow_writes_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str) -> None:
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed: nothing of its own was read")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri(
        f"sqlite:///{tmp_path}/mlflow.db" if store == "sqlite" else f"file://{tmp_path}/mlruns"
    )
    mlflow.set_experiment("tiny")
    with mlflow.start_run():
        mlflow.log_params(
            {"learning_rate": 1e-2, "lr_scheduler_type": "cosine", "warmup_steps": 6, "max_steps": 60}
        )
        for step in range(10, 61, 10):
            mlflow.log_metrics({"loss": 4 - step / 30, "train/x": math.inf, "lr": 1e-2}, step=step)
    facts = diagnose_run(tmp_path).facts

    assert [one.step for one in facts.steps] == [10, 20, 30, 40, 50, 60]
    assert (facts.planned_steps, facts.finished, facts.ended_step, facts.steps[0].lr) == (60, True, 60, 1e-2)
    assert facts.schedule is not None
