"""Waivers: read strictly, shown wherever the number is, and never part of it."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from specship.report.formats import SHIP, render
from specship.report.schema.documents import schema_of
from specship.result_cache import project_files
from specship.specs.project import load_project
from specship.status.report import Report
from specship.suite.judging.report_building import build_report
from specship.suite.plan.collection import gather_gates
from tests.processes import specship
from tests.projects.evidenced_project import make_artifacts, put_evidence, put_waiver
from tests.projects.small_project import edit, make_project

FAILS = {"GATE-SMALL-001": {"documents": 30}, "GATE-SMALL-002": {"characters": 40}}
PASSES = FAILS | {"GATE-SMALL-002": {"characters": 400}}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = make_project(tmp_path / "project", files=1)
    make_artifacts(folder)
    return folder


def failure(folder: Path) -> str:
    """The fingerprint of what GATE-SMALL-002 fails in; empty when it does not."""
    report = build_report(load_project(folder))
    gates = [gate for criterion in report.models[0].criteria for gate in criterion.gates]
    return next(gate.fingerprint for gate in gates if gate.id == "GATE-SMALL-002")


def state(folder: Path) -> str:
    (waiver,) = build_report(load_project(folder)).waivers
    return waiver.state


def percents(report: Report) -> list[float]:
    return [model.ship_percent for model in report.models]


def test_a_waiver_is_shown_beside_the_number_and_changes_none(project: Path) -> None:
    put_evidence(project, FAILS)
    before = build_report(load_project(project))
    put_waiver(project, failure(project))
    report = build_report(load_project(project))
    done = specship("status", folder=project)
    told = json.loads(specship("status", "--format", "json", folder=project).stdout)

    assert report.model_copy(update={"waivers": ()}) == before
    assert [waiver.state for waiver in report.waivers] == ["in force"]
    line = "waiver in force: GATE-SMALL-002 fails at rehearsal (fails-"
    assert line in done.stdout
    assert (
        "30 d left; ada@example.org: The new corpus comes on Thursday. https://example.org/issues/7"
        in done.stdout
    )
    assert done.stdout.index(line) < done.stdout.index("SPEC-SMALL 1.0.0")
    assert line in render(SHIP, "markdown", report)
    jsonschema.validate(told, schema_of("report"))
    assert told["waivers"][0]["days_left"] == 30
    assert "fingerprint" in specship("explain", "GATE-SMALL-002", folder=project).stdout


def test_a_fingerprint_is_of_what_fails_and_not_of_what_was_measured(project: Path) -> None:
    put_evidence(project, FAILS)
    first = failure(project)
    put_evidence(project, {"GATE-SMALL-002": {"characters": 41}})
    assert failure(project) == first

    edit(project / "contracts/small-v1.yaml", "characters: {at_least: 100,", "characters: {at_least: 90,")
    assert failure(project) == ""  # nothing is known under the new limit
    put_evidence(project, FAILS)
    assert failure(project) not in {"", first}


@pytest.mark.parametrize(
    ("measured", "given", "days", "expected"),
    [
        (FAILS, "", 90, "in force"),
        (FAILS, "", 0, "in force"),
        (FAILS, "", -1, "expired"),
        (FAILS, "", 91, "too broad"),
        (FAILS, "fails-000000000000", 30, "unused"),
        (PASSES, "fails-000000000000", 30, "unused"),
        ({}, "fails-000000000000", 30, "waiting"),
    ],
    ids=[
        "today + 90",
        "its last day",
        "a day too late",
        "a day too long",
        "fails otherwise",
        "passes",
        "unknown",
    ],
)
def test_the_state_of_a_waiver(measured: Any, given: str, days: int, expected: str, project: Path) -> None:
    put_evidence(project, measured)
    put_waiver(project, given or failure(project), days=days)

    assert state(project) == expected


def test_the_folder_can_lie_elsewhere(project: Path) -> None:
    edit(project / "pyproject.toml", 'probes = "probes"', 'probes = "probes"\nwaivers = "exceptions"')
    put_waiver(project, "fails-0123456789ab").rename(project / "waivers.yaml")
    (project / "waivers").rmdir()
    (project / "exceptions").mkdir()
    (project / "waivers.yaml").rename(project / "exceptions/a.yaml")

    assert state(project) == "waiting"
    found = project_files(project)
    assert found is not None
    assert "exceptions/a.yaml" in found.files


def test_a_waiver_at_fault_stops_every_verb_and_the_recalled_session(project: Path) -> None:
    kept = project / ".specship/cache/gates.json"
    assert gather_gates(project, None, kept) is not None
    put_waiver(project, "fails-0123456789ab", gate="GATE-SMALL-020")

    for verb in ("status", "lint", "trace"):
        done = specship(verb, folder=project)
        assert done.returncode == 2
        assert (
            "waivers/corpus.yaml:1:7 SHIP305 no contract has a gate 'GATE-SMALL-020'"
            in done.stdout + done.stderr
        )
        assert "'GATE-SMALL-00" in (done.stdout + done.stderr).partition("mend: ")[2]
    assert gather_gates(project, None, kept) is None

    put_waiver(project, "fails-0123456789ab")
    assert gather_gates(project, None, kept) is not None


def test_a_waiver_where_none_is_read_is_told_so(project: Path) -> None:
    path = put_waiver(project, "fails-0123456789ab")
    path.rename(path.with_suffix(".yml"))

    done = specship("lint", folder=project)
    assert done.returncode == 2
    assert "waivers/corpus.yml:1:1" in done.stdout
    assert "SHIP214" in done.stdout
