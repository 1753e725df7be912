"""Verbs that compute, beside files that Python would take for code."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import SCRIPTS
from tests.projects.small_project import make_project

EVIL = """import sys
if not sys.flags.isolated:
    import specship.status.assess as assess
    assess.ship_percent = lambda criteria: 100.0
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_project(tmp_path_factory.mktemp("isolation") / "project")
    (folder / "evil").mkdir()
    (folder / "evil/sitecustomize.py").write_text(EVIL)
    return folder


def run(project: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own from the beginning: what Python does at its start is what is asked."""
    environment = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **variables}
    return subprocess.run(words, cwd=project, capture_output=True, text=True, check=False, env=environment)


def test_a_sitecustomize_on_the_path_changes_no_percentage(project: Path) -> None:
    status = (str(SCRIPTS / "specship"), "status")
    plain = run(project, *status)
    tried = run(project, *status, PYTHONPATH=str(project / "evil"))
    code = "from specship.status.assess import ship_percent; print(ship_percent([]))"
    effect = run(project, sys.executable, "-c", code, PYTHONPATH=str(project / "evil"))

    assert plain.returncode == 0, plain.stderr
    assert "rehearsed 0 %" in plain.stdout
    assert effect.stdout.strip() == "100.0"  # so it matters
    assert (tried.returncode, tried.stdout, tried.stderr) == (0, plain.stdout, plain.stderr)


def test_the_folder_that_it_is_started_in_is_no_place_for_code(project: Path) -> None:
    (project / "yaml.py").write_text("raise SystemExit('the project was imported')\n")
    done = run(project, sys.executable, "-m", "specship.cli", "status", "--format", "json")
    (project / "yaml.py").unlink()

    assert "the project was imported" not in done.stderr


def test_variables_that_bring_no_code_begin_nothing_anew(project: Path) -> None:
    """Their meaning stays: a stream is written as they say."""
    done = run(project, str(SCRIPTS / "specship"), "status", PYTHONIOENCODING="cp1252", PYTHONUNBUFFERED="1")

    assert done.returncode == 0, done.stderr
