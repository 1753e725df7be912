"""`specship status` on terminals of several widths."""

import hashlib
from pathlib import Path

import pytest

from tests.processes import inside, specship
from tests.projects.small_project import make_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("status") / "project")


@pytest.mark.parametrize("columns", [30, 40, 80, 99, 100, 160])
def test_no_line_is_wider_than_the_terminal(columns: int, project: Path) -> None:
    """And no id is broken: where the table has no room its rows stand one below the other."""
    done = specship("status", folder=project, environment={"COLUMNS": str(columns)})
    lines = [line.rstrip() for line in done.stdout.splitlines()]

    assert done.returncode == 0
    assert ("criterion, gates" in done.stdout) == (columns >= 100)
    assert all(any(f"GATE-SMALL-00{n} " in line for line in lines) for n in (1, 2, 3))
    tables = lines[: lines.index("SPEC-SMALL 1.0.0")] if columns < 100 else lines[: lines.index("")]
    assert max(map(len, tables)) <= columns
    assert "no evidence yet" in " ".join(done.stdout.split())


def test_a_damaged_record_of_arming_is_named(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    path = project / "evidence/arming" / f"GATE-SMALL-001.{'0' * 16}.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    done = inside(project, "status")

    assert done.returncode == 1
    assert path.name in done.stdout


@pytest.mark.parametrize("tracker", ["tensorboard", "mlflow", "wandb"])
def test_the_report_goes_into_a_trackers_files(project: Path, tracker: str, tmp_path: Path) -> None:
    done = inside(project, "status", "--write", tracker, str(tmp_path / "out"))
    made = [Path(line) for line in done.stdout.splitlines()]

    assert done.returncode == 0
    assert made
    assert all(path.is_file() and path.is_relative_to(tmp_path) for path in made)


def test_a_tracker_that_is_not_known_is_refused(project: Path, tmp_path: Path) -> None:
    done = inside(project, "status", "--write", "comet", str(tmp_path))

    assert done.returncode == 2
    assert "mlflow, tensorboard, wandb" in done.stderr


def test_received_bytes_that_are_not_the_promised_ones_are_said_though_no_gate_reads_them(
    tmp_path: Path,
) -> None:
    project = make_project(tmp_path / "project")
    profile = project / "specs/small/profiles/rehearsal.yaml"
    (project / "model.gguf").write_text("no model")
    for promised, status in (("0" * 64, 1), (hashlib.sha256(b"no model").hexdigest(), 0)):
        section = f"    received_gguf: {{file: model.gguf, source: a job, sha256: '{promised}'}}\n"
        text = profile.read_text()
        profile.write_text(text + section)
        done = inside(project, "status")
        profile.write_text(text)

        assert done.returncode == status
        assert ("was promised" in done.stdout) == bool(status)
