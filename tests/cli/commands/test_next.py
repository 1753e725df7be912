"""What is open, ranked: through the command, on a project that was run."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from specship.cli import main
from specship.report.schema.documents import schema_of
from specship.specs.project import load_project
from tests.processes import run_pytest, specship
from tests.projects.small_project import edit, make_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The second criterion is dear and waits for nothing, the first waits for the third."""
    make_project(tmp_path)
    spec = tmp_path / "specs/small/spec.yaml"
    edit(spec, "because: b, effort: {gpu_hours: 0, person_hours: 1}}\n      - {id: AC-SMALL-002",
         "because: b, depends_on: [AC-SMALL-003], effort: {gpu_hours: 2, person_hours: 1}}\n      - {id: AC-SMALL-002")  # fmt: skip
    edit(spec, "weight: 30, because: b, effort: {gpu_hours: 0, person_hours: 1}",
         "weight: 30, because: b, effort: {gpu_hours: 0, person_hours: 30}")  # fmt: skip
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_json_is_what_its_schema_says(project: Path) -> None:
    """Through the console script; keys that are promised to programs are there, and the ranking is right."""
    done = specship("next", "--format", "json", "--gpu-hours", "2", "--person-hours", "4", folder=project)
    items = json.loads(done.stdout)

    assert done.returncode == 0, done.stderr
    jsonschema.validate(items, schema_of("next"))
    promised = {"id", "ship_percent_gain", "effort", "gain_per_effort", "blocked_by", "unblocks"}
    assert all(promised <= item.keys() for item in items)
    assert [(item["id"], item["ship_percent_gain"], item["planned"]) for item in items] == [
        ("AC-SMALL-001", 70, True), ("AC-SMALL-003", 10, True), ("AC-SMALL-002", 30, False),
    ]  # fmt: skip
    assert items[0]["blocked_by"] == ["AC-SMALL-003"]
    assert items[0]["effort"] == {"gpu_hours": 2, "person_hours": 2}
    assert {item["effort_source"] for item in items} == {"estimate"}


@pytest.mark.usefixtures("project")
def test_it_is_told_to_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["next", "--person-hours", "4"]) == 0
    said = capsys.readouterr().out

    assert "+70 points for 2 GPU h + 2 person h (estimate), 17.5 points/h, step 1 *" in said
    assert "first: AC-SMALL-003" in said
    assert "unblocks: AC-SMALL-001" in said
    assert "MODEL-1: 0 % today, at most 100 % with this machine" in said
    assert "AC-SMALL-003 → AC-SMALL-001" in said


def test_measured_hours_take_the_place_of_the_estimate(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once a criterion was run, what it took is known; an artifact that is gone makes it an estimate again."""
    assert run_pytest(project, "-qm", "ship", "-p", "no:cacheprovider").returncode == 0
    items = _items(capsys, "--profile", "rehearsal")

    assert {name: item["effort_source"] for name, item in items.items()} == {
        "AC-SMALL-001": "measured", "AC-SMALL-002": "measured", "AC-SMALL-003": "estimate",
    }  # fmt: skip
    assert 0 < items["AC-SMALL-001"]["own_effort"]["gpu_hours"] < 0.1
    assert _items(capsys)["AC-SMALL-001"]["effort_source"] == "estimate"  # of the release nothing was run
    artifact = next((load_project(project).state / "artifacts").rglob("train.jsonl"))
    artifact.write_text("")
    assert _items(capsys, "--profile", "rehearsal")["AC-SMALL-001"]["effort_source"] == "estimate"


def _items(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, dict[str, Any]]:
    assert main(["next", "--format", "json", *words]) == 0
    return {item["id"]: item for item in json.loads(capsys.readouterr().out)}


@pytest.mark.parametrize(
    "words", [["--gpu-hours", "-1"], ["--person-hours", "nan"], ["--gpu-hours", "inf"], ["--gpu-hours", "x"]]
)
@pytest.mark.usefixtures("project")
def test_hours_that_are_none(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["next", *words])

    assert caught.value.code == 2
    assert "is no number of hours" in capsys.readouterr().err


@pytest.mark.usefixtures("project")
def test_a_profile_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["next", "--profile", "releas"]) == 2
    assert "write 'release'" in capsys.readouterr().err
