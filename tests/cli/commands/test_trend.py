"""`specship trend`: lines, drawings, and badges that say no other number than `specship status`."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.processes import inside
from tests.projects.evidenced_project import day, make_artifacts, put_evidence
from tests.projects.small_project import edit, make_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_project(tmp_path_factory.mktemp("trend") / "project")
    make_artifacts(root)
    for characters in (40, 400):
        put_evidence(root, {"GATE-SMALL-002": {"characters": characters}})
    return root


def badge(project: Path, *words: str) -> dict[str, Any]:
    done = inside(project, "trend", "--badge", project / "badge.json", *words)
    assert done.returncode in {0, 1}, done.stderr
    found: dict[str, Any] = json.loads((project / "badge.json").read_text())
    return found


def test_lines_and_a_drawing(project: Path) -> None:
    assert "40 characters → 400 characters" in inside(project, "trend", "characters").stdout
    assert inside(project, "trend", "--svg", project / "trend.svg", "--commits", "0").returncode == 0
    assert (project / "trend.svg").read_text().startswith("<svg")
    assert json.loads(inside(project, "trend", "--format", "json", "--commits", "0").stdout)["histories"]


def test_what_is_not_known_is_refused(project: Path) -> None:
    for words in (
        ("nonsense",),
        ("--profile", "nonsense"),
        ("--badge", "x.png"),
        ("--model", "M", "--badge", "x.svg"),
    ):
        assert inside(project, "trend", *words).returncode == 2, words


def test_a_badge_says_what_status_says(project: Path) -> None:
    """With the profile's name in it, dated, and never green where nothing ships."""
    models = json.loads(inside(project, "status", "--format", "json").stdout)["models"]
    for model in models:
        found = badge(project, "--profile", model["profile"])
        assert found["schemaVersion"] == 1
        assert found["label"] == f"MODEL-1 {model['profile']}"
        assert found["message"] == f"{model['ship_percent']:g} % on {day(0)}"
        assert found["color"] in {
            "red",
            "lightgrey",
        }  # of one gate there are two answers about the same bytes


def test_a_badge_of_a_failure_or_of_a_damaged_ledger_is_red(tmp_path: Path) -> None:
    root = make_project(tmp_path / "project")
    make_artifacts(root)
    put_evidence(root, {"GATE-SMALL-001": {"documents": 1}})
    assert badge(root)["color"] == "red"
    edit(root / "contracts/small-v1.yaml", "at_least: 10,", "at_least: 11,")
    assert badge(root)["color"] == "blue"
    (root / f".specship/ledger/{'0' * 64}.json").write_text("{}")
    found = badge(root)
    assert (found["color"], found["isError"]) == ("red", True)


def test_a_badge_as_a_drawing(project: Path) -> None:
    assert inside(project, "trend", "--badge", project / "badge.svg").returncode == 0
    drawing = ET.fromstring((project / "badge.svg").read_text())  # noqa: S314 - our own
    texts = [one.text for one in drawing.iter() if one.tag.endswith("text")]

    assert texts[0] == "MODEL-1 rehearsal"
    assert f"on {day(0)}" in str(texts[1])
