"""`specship watch`: one screen of a run, as far as it is written."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import inside, specship

COMMAND = (sys.executable, "-m", "specship.cli", "watch")


@pytest.fixture
def begun(healthy: Path, tmp_path: Path) -> Path:
    """The healthy run at its half: its last records are not written yet."""
    folder = Path(shutil.copytree(healthy, tmp_path / "run"))
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | {"status": "running"}))
    for name in ("train.jsonl", "evaluations.jsonl"):
        lines = (folder / name).read_text().splitlines(keepends=True)
        (folder / name).write_text("".join(lines[: len(lines) // 2]))
    return folder


def test_a_finished_run_is_shown_once(healthy: Path) -> None:
    done = specship("watch", healthy)

    assert done.returncode == 0
    assert "completed" in done.stdout.splitlines()[0]
    labels = [line[:18].strip() for line in done.stdout.splitlines()[1:]]
    assert labels[:6] == ["step", "loss", "held-out loss", "learning rate", "gradient norm", "tokens/s"]
    assert labels[-1] == "found so far"
    assert "100 %" in done.stdout


@pytest.mark.parametrize("columns", [40, 80])
def test_no_line_is_longer_than_the_terminal(begun: Path, columns: int) -> None:
    done = specship("watch", begun, "--once", environment={"COLUMNS": str(columns)})

    assert max(map(len, done.stdout.splitlines())) <= columns
    assert "running" in done.stdout
    assert " left" in done.stdout


def test_it_follows_a_run_to_its_end(healthy: Path, begun: Path) -> None:
    """Started at the half; the other half is written meanwhile, and the watching ends with the run."""
    with subprocess.Popen(
        [*COMMAND, str(begun), "--every", "0.1"], stdout=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stdout is not None
        first = "".join(watching.stdout.readline() for _ in range(3))
        for name in ("train.jsonl", "evaluations.jsonl", "run.json"):
            shutil.copy(healthy / name, begun / name)
        rest = watching.stdout.read()
        status = watching.wait(60)

    assert "running" in first
    assert "completed" in rest
    assert "100 %" in rest
    assert status == 0


def test_what_is_wrong_is_said_while_it_goes_on(begun: Path) -> None:
    steps = [json.loads(line) for line in (begun / "train.jsonl").read_text().splitlines()]
    (begun / "train.jsonl").write_text("".join(json.dumps(step | {"lr": 0.0}) + "\n" for step in steps))
    done = specship("watch", begun, "--once")

    assert done.returncode == 1
    assert "optimization-defect" in done.stdout


def test_other_logs_are_watched_too(tmp_path: Path) -> None:
    rows = [f"{step},{8 - step / 20:.3f}" for step in range(1, 60)]
    (tmp_path / "log.csv").write_text("\n".join(["step,train_loss", *rows, ""]))
    done = specship("watch", tmp_path / "log.csv", "--once")

    assert "5.05" in done.stdout
    assert done.stdout.splitlines()[1].startswith("step              59")


def test_without_a_name_it_is_the_newest_of_the_project(begun: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(begun, project / ".specship/artifacts/MODEL-1/rehearsal/run/0123")
    (project / "pyproject.toml").write_text('[tool.specship]\nspec = "specs"\n')
    done = inside(project, "watch", "--once")
    assert (done.returncode, done.stdout) == (2, ""), "a project that cannot be read is no project"

    from tests.projects.sound_project import sound_project

    sound_project(project)
    assert "running" in inside(project, "watch", "--once").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--every", "0"), "--every is no time"), (("nowhere",), "nowhere"), ((), "no run has begun")],
)
def test_what_cannot_be_watched_is_said(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    from tests.projects.sound_project import sound_project

    done = inside(sound_project(tmp_path / "project"), "watch", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "mend:" in done.stderr
