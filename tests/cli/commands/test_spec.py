"""The story of a spec, and audits held against today's evidence, as commands."""

import json
import re
from pathlib import Path

import pytest

from specship.cli import main
from tests.processes import run_pytest, specship
from tests.projects.small_faults import arm_small
from tests.projects.small_project import edit, make_project

SECOND = """\
bump: minor
after: 1.0.0
why: "The *text* was short."
changes: [{id: GATE-SMALL-002, what: More is asked.}]
five_whys: [It was short., Nobody counted.]
lessons: [Count first.]
recommendations:
  - {id: REC-ONE, what: Measure it., state: OPEN, binds_to: [GATE-SMALL-001], origin: ORIGIN}
  - {id: REC-TWO, what: Write it down., state: OPEN}
"""
THIRD = """\
bump: patch
after: 1.1.0
why: It was measured.
changes: [{id: REC-ONE, what: It is resolved.}]
recommendations:
  - {id: REC-ONE, what: Measure it., state: RESOLVED, pointer: GATE-SMALL-001}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_project(tmp_path)
    origin = f"{{audit: audit.md, sha256: {'a' * 64}, place: line 1}}"
    folder = tmp_path / "specs/small/amendments"
    (folder / "0002-b.yaml").write_text(SECOND.replace("ORIGIN", origin))
    (folder / "0002-a.yaml").write_text(THIRD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_whole_story(project: Path) -> None:
    """Through the console script: versions, what moved, why, lessons, five whys, and what is still open."""
    story = json.loads(specship("spec", "history", "--format", "json", folder=project).stdout)

    assert (story["spec"], story["version"], story["open"]) == ("SPEC-SMALL", "1.1.1", ["REC-TWO"])
    assert [one["version"] for one in story["amendments"]] == ["1.0.0", "1.1.0", "1.1.1"]
    second = story["amendments"][1]
    assert second["changes"] == [{"id": "GATE-SMALL-002", "what": "More is asked."}]
    assert (second["lessons"], second["five_whys"]) == (
        ["Count first."],
        ["It was short.", "Nobody counted."],
    )
    closed, left = story["recommendations"]
    assert (closed["state"], closed["pointer"]) == ("RESOLVED", "GATE-SMALL-001")
    assert (closed["given_in"], closed["last_in"]) == ("0002-b.yaml", "0002-a.yaml")
    assert left["state"] == "OPEN"


@pytest.mark.usefixtures("project")
def test_the_story_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spec", "history", "--format", "markdown"]) == 0
    page = capsys.readouterr().out

    assert page.startswith("# SPEC-SMALL 1.1.1\n")
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        "## Recommendations still open: 1", "## 1.1.1", "## 1.1.0", "## 1.0.0",
    ]  # fmt: skip
    assert "- REC-TWO: Write it down." in page
    assert "The \\*text\\* was short." in page
    assert "1. It was short.\n1. Nobody counted." in page
    assert "- REC-ONE OPEN, now RESOLVED: GATE-SMALL-001: Measure it." in page
    assert main(["spec", "history"]) == 0
    text = capsys.readouterr().out
    assert "lesson: Count first." in text
    assert "recommendations still open: 1\n  REC-TWO  Write it down." in text


def test_resolved_needs_evidence_and_gets_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By statements that pass on an armed gate; and the estimate of work that is done is scored."""
    arm_small(project)
    edit(project / "specs/small/spec.yaml", "gpu_hours: 0,", "gpu_hours: 0.5,")
    assert main(["spec", "audits"]) == 1
    assert (
        "REC-ONE is stated RESOLVED, and is not: GATE-SMALL-001 is without evidence"
        in capsys.readouterr().out
    )

    assert run_pytest(project, "-qm", "ship", "-p", "no:cacheprovider").returncode == 0
    assert main(["spec", "audits", "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert (found["stated"], found["state"], found["problem"]) == ("RESOLVED", "RESOLVED", "")
    assert [(project / f".specship/ledger/{digest}.json").is_file() for digest in found["by"]] == [True]
    assert main(["next", "--profile", "rehearsal"]) == 0
    assert re.search(
        r"AC-SMALL-001: 0.5 GPU h estimated, \S+ h measured: \S+ times that", capsys.readouterr().out
    )


def test_nothing_was_audited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(make_project(tmp_path))

    assert main(["spec", "audits"]) == 0
    assert "specship amend --audit FILE" in capsys.readouterr().out
