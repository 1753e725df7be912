"""`pytest -m ship` as people use it, on a small project, in processes of its own."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest

from specship.report.schema.documents import schema_of
from tests.processes import run_pytest as ship
from tests.processes import specship
from tests.projects.small_project import edit, make_project, report_of, statements_of
from tests.report.page_reading import read_page

NODE = "contracts/small-v1.yaml::GATE-SMALL-001"


CUDA_OVERRIDE = """overrides:
  GATE-SMALL-002: {reason: It needs a GPU., requires: {device: cuda}}
"""


def test_gates_are_tests_with_ids_and_marks(project: Path) -> None:
    """Collected straight from the YAML; -m takes ship, the stage, and the model."""
    done = ship(project, "--collect-only", "-q", "-m", "ship and corpus and MODEL-1")

    assert done.returncode == 0
    assert [line for line in done.stdout.splitlines() if "::" in line] == [
        f"contracts/small-v1.yaml::GATE-SMALL-00{n}" for n in (1, 2, 3)
    ]
    assert not (project / ".specship").exists()


EDITS = {
    # plain words: (file, old, new, names of the gates then)
    "a new id": ("contracts/small-v1.yaml", "GATE-SMALL-002", "GATE-SMALL-009", [1, 9, 3]),
    "another stage": ("contracts/small-v1.yaml", "stage: corpus", "stage: train", []),
    "another criterion": ("contracts/small-v1.yaml", "[AC-SMALL-003]", "[]", [1, 2]),
    "a device": ("specs/small/profiles/rehearsal.yaml", "pipeline:", CUDA_OVERRIDE + "pipeline:", [1, 3]),
    "another probe": ("probes/small.py", '"small.documents"', '"small.others"', None),
    "a fault that is no name": ("contracts/small-v1.yaml", "ship_blocking: true\n    probe",
                                "ship_blocking: true\n    falsified_by: [nobody-knows]\n    probe", None),
}  # fmt: skip


@pytest.mark.parametrize("case", EDITS, ids=lambda case: case.replace(" ", "-"))
def test_what_is_recalled_is_what_is_there(case: str, project: Path) -> None:
    """Gates are recalled from the session before, until any file they were read from changes."""
    collected = ("--collect-only", "-q", "-m", "ship and corpus and MODEL-1 and not cuda")
    first, second = ship(project, *collected), ship(project, *collected)
    assert first.stdout.split(" in ")[0] == second.stdout.split(" in ")[0]
    kept = next(project.glob(".pytest_cache/d/specship/collection.json"))
    assert "GATE-SMALL-002" in kept.read_text()

    name, old, new, numbers = EDITS[case]
    edit(project / name, old, new)
    third = ship(project, *collected)

    gates = [line.rpartition("-")[2] for line in third.stdout.splitlines() if "::GATE" in line]
    assert (gates or None) == ([f"00{number}" for number in numbers] if numbers else None)
    assert numbers is not None or third.returncode in {2, 4}


@pytest.mark.usefixtures("armed")
def test_a_gate_that_does_not_hold_fails_where_its_criterion_is_not_judged_too(project: Path) -> None:
    """What can be rehearsed of such a criterion is rehearsed in earnest; the percentage leaves it out."""
    edit(project / "contracts/small-v1.yaml", "at_least: 100", "at_least: 100000000")
    profile = project / "specs/small/profiles/rehearsal.yaml"
    profile.write_text(
        profile.read_text() + "not_judged: {AC-SMALL-002: too small, AC-SMALL-003: too early}\n"
    )
    done = ship(project, "-m", "ship", "--specship-report=.specship/report.json")
    model = report_of(project)["models"][0]

    assert done.returncode == 1
    assert "1 failed, 1 passed, 1 skipped" in done.stdout
    assert re.search(r"GATE-SMALL-002 +FAIL +characters", done.stdout)
    assert "GATE-SMALL-003 " not in done.stdout.partition("MODEL-1 at profile")[2]
    assert [criterion["status"] for criterion in model["criteria"]] == [
        "DISCHARGED",
        "NOT_JUDGED",
        "NOT_JUDGED",
    ]
    assert model["ship_percent"] == 100


@pytest.mark.usefixtures("armed")
def test_ship_measures_reports_and_remembers(project: Path) -> None:
    """First run: measured. Second run: nothing runs again, and it says why. Same facts in every report."""
    first = ship(project, "-m", "ship", "--junitxml", "junit.xml")
    report = report_of(project)
    model = report["models"][0]

    assert first.returncode == 0, first.stdout
    assert "2 passed, 1 skipped" in first.stdout
    assert (model["model"], model["profile"], model["ship_percent"]) == ("MODEL-1", "rehearsal", 90.0)
    assert [c["status"] for c in model["criteria"]] == ["DISCHARGED", "DISCHARGED", "OPEN"]
    gate = model["criteria"][0]["gates"][0]
    assert (gate["verdict"], gate["fresh"], gate["armed"], gate["cached"]) == ("PASS", True, True, False)
    assert gate["measured"][0]["limit"] == "≥ 10 documents"
    assert re.fullmatch("[0-9]+ documents", gate["checked"])
    assert report["models"][1] | {"criteria": []} == {
        "model": "MODEL-1", "profile": "release", "kind": "release", "ship_percent": 0.0,
        "ceiling_percent": 90.0, "criteria": [],
    }  # fmt: skip
    assert (project / report["stages"][0]["path"] / "manifest.json").is_file()
    assert "rehearsed 90 %" in first.stdout
    assert "MODEL-1 at rehearsal: 90 %" in (project / ".specship" / "report.md").read_text()
    assert "MODEL-1 at rehearsal: 90 %" in read_page((project / ".specship" / "report.html").read_text()).text
    assert [node["makes"] for node in report["exhibits"]["stages"]] == ["corpus"]
    cases = ET.parse(project / "junit.xml").getroot().iter("testcase")  # noqa: S314 - our own file
    properties = {c.get("name"): {p.get("name"): p.get("value") for p in c.iter("property")} for c in cases}
    assert properties["GATE-SMALL-002"]["verdict"] == "PASS"
    assert properties["GATE-SMALL-002"]["criteria"] == "AC-SMALL-002"
    assert properties["GATE-SMALL-003"]["verdict"] == "UNBOUND"

    second = ship(project, "-m", "ship")

    assert second.returncode == 0
    assert "cached" in second.stdout
    assert "settings, inputs, code and packages are those of" in second.stdout
    again = report_of(project)
    assert [stage["cached"] for stage in again["stages"]] == [True]
    assert again["models"][0]["criteria"][0]["gates"][0]["cached"] is True
    assert again["models"][0]["ship_percent"] == 90.0
    assert len(statements_of(project)) == 2


@pytest.mark.usefixtures("armed")
def test_status_agrees_with_the_session(project: Path) -> None:
    ship(project, "-m", "ship")
    done = specship("status", "--format", "json", folder=project)
    assert done.returncode == 0
    status = json.loads(done.stdout)
    jsonschema.validate(status, schema_of("report"))

    assert [(m["profile"], m["ship_percent"]) for m in status["models"]] == [
        ("rehearsal", 90.0),
        ("release", 0.0),
    ]


def test_a_failing_gate_is_a_failing_test(project: Path) -> None:
    """It shows rule, figure, limit and place, and exits with 1."""
    edit(
        project / "contracts/small-v1.yaml",
        "at_least: 10, unit: documents",
        "at_least: 1000, unit: documents",
    )
    done = ship(project, "-m", "ship")

    assert done.returncode == 1
    assert "contracts/small-v1.yaml:6:5: FAIL GATE-SMALL-001" in done.stdout
    assert re.search(r"documents [0-9]+ \(≥ 1 000\) ← does not hold", done.stdout)
    assert report_of(project)["models"][0]["criteria"][0]["status"] == "FAILED"


def test_a_narrow_terminal_without_the_signs_reads_all_of_it(project: Path) -> None:
    """As in a CI job on Windows: lists in place of the table, signs that the stream has, no line escaped."""
    edit(project / "contracts/small-v1.yaml", "at_least: 10, unit", "at_least: 1000, unit")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "ship"], cwd=project, capture_output=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": "cp1252", "COLUMNS": "40"},
    )  # fmt: skip
    shown = done.stdout.decode("cp1252")
    summary = shown.partition(" specship ====")[2].splitlines()[1:]

    assert (done.returncode, done.stderr) == (1, b"")
    assert re.search(r"documents [0-9]+ \(>= 1 000\) <- does not hold", shown)
    assert "\\n" not in shown
    assert "\\u" not in shown
    assert "  GATE-SMALL-002 PASS" in summary
    wide = [line for line in summary[: summary.index("SPEC-SMALL 1.0.0")] if len(line) > 41]
    assert wide == []  # a sign that is drawn may take a column more


def test_workers_that_cannot_be_told_the_path_are_not_asked(tmp_path: Path) -> None:
    """Without them the same folder is no trouble."""
    project = make_project(tmp_path / os.fsdecode(b"pr\xe9"))
    refused = ship(project, "-m", "ship", "-n", "2")
    fine = ship(project, "--collect-only", "-m", "ship")

    assert (refused.returncode, fine.returncode) == (pytest.ExitCode.USAGE_ERROR, 0)
    assert "leave -n out, or rename the folder" in refused.stderr


def test_only_tests_are_rewritten_for_their_assertions(tmp_path: Path) -> None:
    """It marks all modules of a plugin's distribution for it, and a session waits for hundreds of ours."""
    (tmp_path / "test_it.py").write_text(
        "import specship.status.assess as ours\n\n\n"
        "def test_it():\n"
        "    one = type(ours.__loader__).__name__\n"
        "    assert one + '?' == 'told'\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "assert 'SourceFileLoader?' == 'told'" in done.stdout


def test_narrowing_is_announced(project: Path) -> None:
    """-k and node ids work as in any suite, and what was left out is said."""
    one = ship(project, "-m", "ship", "-k", "GATE-SMALL-001")
    assert one.returncode == 0
    assert "2 of 3 gates were not run in this session" in one.stdout
    assert ship(project, NODE, "--ship-strict").returncode == 1


def test_last_failed_runs_what_failed(project: Path) -> None:
    edit(
        project / "contracts/small-v1.yaml",
        "at_least: 10, unit: documents",
        "at_least: 1000, unit: documents",
    )
    ship(project, "-m", "ship")
    done = ship(project, "-m", "ship", "--lf")

    assert "1 failed in" in done.stdout


@pytest.mark.usefixtures("armed")
def test_two_workers_make_each_artifact_once(project: Path) -> None:
    done = ship(project, "-m", "ship", "-n", "2")
    report = report_of(project)

    assert done.returncode == 0, done.stdout
    assert report["models"][0]["ship_percent"] == 90.0
    assert len(statements_of(project)) == 2
    assert len(list((project / ".specship/artifacts/MODEL-1/rehearsal/corpus").glob("*.log"))) == 1


def test_a_foreign_suite_notices_nothing(tmp_path: Path) -> None:
    """Without [tool.specship]: no marker, no summary, nothing of ours imported but the plugin itself."""
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "small-v1.yaml").write_text("not: ours\n")
    (tmp_path / "test_it.py").write_text(
        "import sys\n\ndef test_it():\n"
        "    assert [n for n in sys.modules if n.startswith('specship')] == ['specship', 'specship.pytest_plugin']\n"
        "    assert 'torch' not in sys.modules and 'yaml' not in sys.modules and 'pydantic' not in sys.modules\n"
    )
    # A process that has imported nothing before.
    command = [sys.executable, "-m", "pytest", "-q"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert "specship" not in done.stdout
    assert "GATE" not in ship(tmp_path, "--markers").stdout
    assert not (tmp_path / ".specship").exists()


def test_a_suite_beside_contracts_runs_as_ever(project: Path) -> None:
    (project / "test_it.py").write_text("def test_it():\n    pass\n")
    done = ship(project, "-m", "not ship")

    assert "1 passed, 3 deselected" in done.stdout
    assert not (project / ".specship").exists()


def test_without_capture_stages_still_show_their_progress(project: Path) -> None:
    done = ship(project, "-m", "ship", "-p", "no:capture")

    assert done.returncode == 0, done.stdout
    assert "corpus  started" in done.stdout


def test_an_inline_table_configures_too(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool]\nspecship = {spec = "specs/small", probes = "probes"}\n')

    assert ship(project, "-m", "ship", "--collect-only", "-q").stdout.count("GATE-SMALL") == 3
