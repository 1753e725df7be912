"""Causes that depend on what a run began from: random weights, or a checkpoint."""

import json
import shutil
from pathlib import Path

import pytest

from specship.diagnose.opening import diagnose_run
from specship.report.diagnosis import as_json, as_markdown, as_text
from tests.diagnose.sick_runs import PLANTS, train
from tests.diagnose.test_diagnose import edit_run, names


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("beginnings"), PLANTS["healthy"])


def test_a_continued_checkpoint_is_not_judged_by_tokens_a_parameter(healthy: Path, tmp_path: Path) -> None:
    """The same run, once from random weights and once from a checkpoint."""
    folder = Path(shutil.copytree(healthy, tmp_path / "run"))
    edit_run(folder, parameters=10**9, declared_parameters=10**9)
    scratch = diagnose_run(folder)
    edit_run(folder, initialisation={"source": "base"})
    continued = diagnose_run(folder)

    assert "few-tokens" in names(scratch)
    assert "few-tokens" not in (*names(continued), *continued.examined, *continued.missing)
    assert "began from a checkpoint" in as_json(continued)["inapplicable"]["few-tokens"]
    for report in (as_text(continued), as_markdown(continued)):
        assert "few-tokens: the run began from a checkpoint" in report
    assert json.dumps(as_json(continued), allow_nan=False)
