"""`specship status` on terminals of several widths."""

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
