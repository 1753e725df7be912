"""What runs say of checks that were relaxed."""

import json
from pathlib import Path
from typing import Any

import pytest

from specship.errors import DamagedArtifact
from specship.suite.artifacts.store import Store
from specship.suite.judging.bypasses import bypasses_of, recorded_bypasses
from specship.suite.plan.plan import open_plan
from tests.projects.small_project import make_project
from tests.suite.artifacts.finished import FILES, finished

RELAXED = {"bypasses": [{"name": "accept-starvation", "reason": "a test", "figures": {"tokens": 1}}]}


def test_what_an_artifact_holds_is_found(tmp_path: Path) -> None:
    """Of those that a gate measures, and of all that they were made from."""
    plan = open_plan(make_project(tmp_path, files=1), None)
    check = next(check for check in plan.checks if check.probe)
    store = Store.of(plan.project.state, "MODEL-1", plan.profile)

    assert recorded_bypasses(plan, check) == {}
    finished(store, "corpus")
    assert recorded_bypasses(plan, check) == {}
    finished(store, "corpus", {**FILES, "run.json": json.dumps(RELAXED).encode()}, outside="another")
    assert recorded_bypasses(plan, check) == {"accept-starvation": "a test"}


@pytest.mark.parametrize(
    "told", [[], {"bypasses": {}}, {"bypasses": ["x"]}, {"bypasses": [{"reason": "x"}]}], ids=str
)
def test_a_run_that_nobody_can_read_is_damaged(told: Any, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps(told))

    with pytest.raises(DamagedArtifact, match="bypasses"):
        bypasses_of(tmp_path / "run.json")


def test_a_run_without_any(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")

    assert bypasses_of(tmp_path / "run.json") == {}
