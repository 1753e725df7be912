"""A folder of MLflow's runs from a report, read back by our reader, and by MLflow where it is installed."""

from pathlib import Path

import pytest

from specship.pipeline.run_logs.formats.mlflow_files import read_files
from specship.report.formats import write
from tests.report.judged_reports import EXPECTED, judged


def test_each_figure_is_a_file(tmp_path: Path) -> None:
    made = write("mlflow", judged(), tmp_path / "mlruns")
    runs = [path for path in made if path.name == "meta.yaml"][1:]

    assert len(runs) == 2
    for run in runs:
        below = run.parent / "metrics"
        found = {
            str(path.relative_to(below)): float(path.read_text().split()[1])
            for path in below.rglob("*")
            if path.is_file()
        }
        assert found == EXPECTED
        assert (run.parent / "params" / "kind").read_text() == "release"
        assert read_files(run)[0].finished


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the library and what it imports
def test_mlflow_reads_it_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip(
        "mlflow", reason="mlflow is not installed: what was written was read by our own reader alone"
    )
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    write("mlflow", judged(), tmp_path / "mlruns")
    client = mlflow.MlflowClient(tracking_uri=(tmp_path / "mlruns").as_uri())
    experiment = client.get_experiment_by_name("specship")
    runs = client.search_runs([experiment.experiment_id])

    assert {run.info.run_name for run in runs} == {"MODEL-1-release", "MODEL-1-a-b"}
    for run in runs:
        assert run.data.metrics == EXPECTED
        assert (run.info.status, run.data.params["model"]) == ("FINISHED", "MODEL-1")
