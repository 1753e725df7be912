"""A model that another harness evaluated, from an empty folder to armed gates."""

import json
from pathlib import Path

import pytest

from tests.processes import run_pytest, specship
from tests.projects.evaluated_project import evaluated_project
from tests.projects.small_project import edit


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The project, its gates seen to fail on their faults and judged; and what falsification printed."""
    project = evaluated_project(tmp_path_factory.mktemp("evaluated") / "project")
    falsified = run_pytest(project, "-q", "-m", "falsify", "-rA", "contracts")
    specship("faults", "--arm", folder=project)
    run_pytest(project, "-q", "-m", "ship")
    return project, falsified.stdout


@pytest.mark.slow
def test_each_fault_of_an_evaluation_is_caught(shipped: tuple[Path, str]) -> None:
    assert "9 passed" in shipped[1], shipped[1][-3000:]


@pytest.mark.slow
def test_an_evaluation_of_these_weights_discharges_its_criteria(shipped: tuple[Path, str]) -> None:
    status = json.loads(specship("status", "--format", "json", folder=shipped[0]).stdout)
    criteria = status["models"][0]["criteria"]
    gates = {gate["id"]: gate for one in criteria for gate in one["gates"]}
    value = gates["GATE-EVAL-002"]["measured"][0]
    assert [one["status"] for one in criteria] == ["DISCHARGED", "DISCHARGED"]
    assert value["interval"] == "0.27 … 0.591 at 95 %"
    assert (value["beside"], value["beside_unit"]) == (40, "samples")
    assert any("the maker's word" in note for note in gates["GATE-EVAL-002"]["notes"])


@pytest.mark.slow
def test_a_limit_within_the_noise_is_not_shown(shipped: tuple[Path, str]) -> None:
    project = shipped[0]
    edit(project / "contracts/evaluated-v1.yaml", "at_least: 0.2,", "at_least: 0.3,")
    done = run_pytest(project, "-q", "-m", "ship", "-k", "GATE-EVAL-002")
    assert done.returncode == 1
    assert "0.27 … 0.591 at 95 %" in done.stdout
    assert "not shown" in done.stdout
    explained = specship("explain", "GATE-EVAL-002", folder=project).stdout
    assert "0.27 … 0.591 at 95 %" in explained
    edit(project / "contracts/evaluated-v1.yaml", "at_least: 0.3,", "at_least: 0.2,")
    assert "DISCHARGED" in specship("status", folder=project).stdout  # judged again, from what was measured


def test_a_result_of_other_weights_is_an_error_and_no_failure(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "project")
    profile = project / "specs/evaluated/profiles/rehearsal.yaml"
    digest = profile.read_text().split("model.safetensors: ")[1][:64]
    edit(profile, digest, digest[::-1])
    done = run_pytest(project, "-q", "-m", "ship", "-k", "GATE-EVAL-001")
    assert done.returncode == 2
    assert "it is about other weights than this checkpoint's" in done.stdout
