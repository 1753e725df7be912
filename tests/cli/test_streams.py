"""The console script on streams that are closed, full, or read by nobody any more."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.processes import SCRIPTS
from tests.projects.small_project import edit, make_project

LOST: Final = "standard output: No space left on device\n"
CASES: Final = {
    # what the shell is told: exit status, last line of standard output, standard error
    "no output": ("specship status >&-", 0, "", ""),
    "no streams at all": ("specship lint <&- >&- 2>&-", 1, "", ""),
    "an error that nobody can read": ("specship nothing 2>&-", 2, "", ""),
    "an error into a full disk": ("specship nothing 2>/dev/full", 2, "", ""),
    "a full disk": ("specship lint >/dev/full", 2, "", LOST),
    "a reader that leaves": ("set -o pipefail; specship lint | head -1", 1, "small-v1.yaml", ""),
    "a reader that never came": ("set -o pipefail; specship lint | true", 1, "", ""),
    "both in a pipe that nobody reads": ("set -o pipefail; specship nothing 2>&1 | true", 2, "", ""),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which lint finds something."""
    made = make_project(tmp_path_factory.mktemp("streams") / "project")
    edit(made / "contracts/small-v1.yaml", "The corpus is large.", "The corpus has at least 10 documents.")
    return made


def shell(project: Path, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", line], cwd=project, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": path, **environment},
    )  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_stream_changes_neither_the_work_nor_its_exit_status(name: str, project: Path) -> None:
    line, status, output, errors = CASES[name]
    done = shell(project, line)

    assert (done.returncode, done.stderr) == (status, errors)
    assert output in done.stdout
    assert bool(output) == bool(done.stdout)


def test_json_is_read_whatever_the_encoding_of_the_stream(project: Path) -> None:
    edit(project / "contracts/small-v1.yaml", "The corpus has", "El corpus, señor, has")
    done = shell(project, "specship status --format json", PYTHONIOENCODING="latin-1")

    rules = [g["rule"] for c in json.loads(done.stdout)["models"][0]["criteria"] for g in c["gates"]]
    assert rules[0].startswith("El corpus, señor, has")
    assert done.stdout.isascii()
