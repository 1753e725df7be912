"""A model that another program trained: its log is judged, and its gates are armed, without training."""

from pathlib import Path
from typing import Any

import pytest

from tests.processes import run_pytest, specship
from tests.projects.logged_project import logged_project
from tests.projects.small_project import edit, report_of


def gates(project: Path) -> dict[str, dict[str, Any]]:
    """What the last report says of each gate."""
    criteria = report_of(project)["models"][0]["criteria"]
    return {gate["id"]: gate for criterion in criteria for gate in criterion["gates"]}


@pytest.mark.slow
def test_red_then_green_then_armed(tmp_path: Path) -> None:
    project = logged_project(tmp_path / "project", planned=300)
    red = run_pytest(project, "-m", "ship")

    assert "1 failed, 2 passed, 1 skipped" in red.stdout
    assert "largest_deviation" in red.stdout
    assert "does not hold" in red.stdout

    edit(project / "specs/small/profiles/rehearsal.yaml", "planned_steps: 300", "planned_steps: 200")
    green = run_pytest(project, "-m", "ship", "-rs")
    found = gates(project)

    assert "3 passed, 1 skipped" in green.stdout
    assert "not recorded: gradient norm after clipping" in green.stdout
    assert "rests on the maker's word: schedule" in green.stdout
    assert {name: gate["verdict"] for name, gate in found.items()} == {
        "GATE-RUN-001": "PASS", "GATE-RUN-002": "PASS", "GATE-RUN-003": "PASS", "GATE-RUN-004": "UNBOUND",
    }  # fmt: skip
    assert found["GATE-RUN-001"]["cautions"] == ["rests on the maker's word: schedule"]
    assert found["GATE-RUN-004"]["reason"].startswith("not recorded: gradient norm after clipping")
    assert "not recorded: gradient norm after clipping" in specship("status", folder=project).stdout
    explained = specship("explain", "GATE-RUN-004", folder=project).stdout
    assert "have it recorded, or declared as the lines above say, then: pytest -m ship" in explained
    assert "write `probe:`" not in explained

    falsified = run_pytest(project, "-m", "falsify", "contracts")
    assert "5 passed, 1 skipped" in falsified.stdout, falsified.stdout
    assert specship("faults", "--arm", folder=project).returncode in {0, 1}
    shipped = run_pytest(project, "-m", "ship")
    assert "rehearsed 90 %" in shipped.stdout

    edit(project / "theirs/trainer_state.json", '"global_step": 200', '"global_step": 199')
    again = run_pytest(project, "-m", "ship")
    cached = {stage["stage"]: stage["cached"] for stage in report_of(project)["stages"]}
    assert cached == {"checkpoint": True, "run": False}, again.stdout
