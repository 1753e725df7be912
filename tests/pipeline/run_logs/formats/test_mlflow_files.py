"""MLflow's folder of runs: files of figures, several runs, lines that were cut."""

from pathlib import Path

import pytest

from specship.diagnose.opening import diagnose_run
from specship.errors import SpecshipError
from specship.pipeline.run_logs.formats.mlflow_files import read_files
from tests.diagnose.foreign_logs import healthy, mlflow_files
from tests.diagnose.written_runs import names


def test_a_run_is_read_with_what_was_set(tmp_path: Path) -> None:
    place = mlflow_files(tmp_path, healthy(every=10))
    for given in (tmp_path, tmp_path / "mlruns", place.parent, place):
        found = diagnose_run(given)
        facts = found.facts

        assert (facts.kind, names(found), len(facts.steps), len(facts.evaluations)) == (
            "MLflow folder",
            [],
            29,
            5,
        )
        assert (facts.vocabulary, facts.planned_steps, facts.clip_norm) == (257, 290, 1.0)
        assert (facts.finished, facts.ended_step) == (True, 290)
        assert str(facts.steps[1].line) == "metrics/loss:2"


@pytest.mark.parametrize(("status", "finished"), [(1, False), (3, True), (4, True), (5, False), (7, None)])
def test_how_a_run_ended_is_its_status(tmp_path: Path, status: int, finished: bool | None) -> None:
    run = healthy()
    place = mlflow_files(tmp_path, type(run)(run.records[:100], 290), status=status)

    assert read_files(place)[0].finished == finished


def test_names_with_parts_are_folders(tmp_path: Path) -> None:
    place = mlflow_files(tmp_path, healthy())
    (place.parent / "metrics" / "loss").rename(place.parent / "metrics" / "kept")
    (place.parent / "metrics" / "train").mkdir()
    (place.parent / "metrics" / "train" / "loss").write_text("1 2.5 7\n2 nan 8\n")
    (place.parent / "metrics" / "train_runtime").unlink()
    facts, _ = read_files(place)

    assert [(one.step, str(one.loss)) for one in facts.steps] == [(7, "2.5"), (8, "nan")]


def test_lines_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    place = mlflow_files(tmp_path, healthy())
    (place.parent / "metrics" / "loss").write_text("1 2.5 7\n1 low 8\n1 1.2.3 8\n9 2.25 9\n10 2.")
    facts, damage = read_files(place)

    assert [one.step for one in facts.steps] == [7, 9]
    assert damage == [
        "metrics/loss:2 is no figure: a time, a value and a step",
        "metrics/loss:3 is no figure: a time, a value and a step",
        "metrics/loss:5 has no newline: it may have been cut while it was written",
    ]


def test_of_several_runs_one_is_named(tmp_path: Path) -> None:
    place = mlflow_files(tmp_path, healthy())
    other = place.parent.parent / "r2"
    (other / "metrics").mkdir(parents=True)
    (other / "meta.yaml").write_text("status: 3\n")
    (other / "metrics" / "loss").write_text("1 2.5 7\n")
    with pytest.raises(SpecshipError, match="2 logs lie here") as caught:
        diagnose_run(tmp_path)
    assert "mlruns/1/r1/meta.yaml, mlruns/1/r2/meta.yaml" in str(caught.value)

    assert diagnose_run(tmp_path, {"columns.run": "r2"}).facts.steps[0].step == 7


def test_a_run_without_figures_and_one_with_a_link_are_refused(tmp_path: Path) -> None:
    place = mlflow_files(tmp_path, healthy())
    (place.parent / "metrics" / "loss").unlink()
    (place.parent / "metrics" / "loss").symlink_to(place)
    with pytest.raises(SpecshipError, match="it is a link"):
        read_files(place)
    for file in (place.parent / "metrics").iterdir():
        file.unlink()
    with pytest.raises(SpecshipError, match="no figure lies in its `metrics`"):
        read_files(place)
