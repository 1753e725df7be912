"""What reaches the judge of what a session was started with, and of what a conftest does."""

from pathlib import Path

import pytest

from tests.processes import run_pytest
from tests.projects.small_project import edit, make_project, statements_of

CONFTEST = """import sys
from pathlib import Path
forged = Path(__file__).with_name("forged-python")
forged.write_text("#!/bin/sh\\nexit 0\\n")
forged.chmod(0o755)
sys.executable = str(forged)
"""


@pytest.mark.slow
def test_it_is_begun_by_this_environments_interpreter_and_sees_what_the_project_lets_through(
    tmp_path: Path,
) -> None:
    """A variable that the loader obeys is no business of a session; where it is let through, it is written down."""
    project = make_project(tmp_path / "project")
    (project / "conftest.py").write_text(CONFTEST)
    first = run_pytest(project, "-m", "ship", environment={"LD_LIBRARY_PATH": "/no/such/place"})

    assert first.returncode == 0, first.stdout
    assert [entry.evidence.environment.inherited for entry in statements_of(project)] == [{}, {}]

    edit(
        project / "pyproject.toml",
        'probes = "probes"\n',
        'probes = "probes"\ninherit = ["LD_LIBRARY_PATH"]\n',
    )
    edit(project / "contracts/small-v1.yaml", "at_least: 10, unit", "at_least: 11, unit")
    second = run_pytest(project, "-m", "ship", environment={"LD_LIBRARY_PATH": "/no/such/place"})

    assert second.returncode == 0, second.stdout
    assert "variable LD_LIBRARY_PATH=/no/such/place (1 gate, such as GATE-SMALL-001)" in second.stdout
    assert statements_of(project)[-1].evidence.environment.inherited == {"LD_LIBRARY_PATH": "/no/such/place"}


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "LD_AUDIT", "PYTHONPATH", "SPECSHIP_SIGNING_KEY", "not a name"]
)
def test_what_is_never_let_through(name: str, tmp_path: Path) -> None:
    from specship.errors import SpecshipError
    from specship.specs.project import load_project

    project = make_project(tmp_path, files=1)
    edit(project / "pyproject.toml", 'probes = "probes"\n', f'probes = "probes"\ninherit = ["{name}"]\n')

    with pytest.raises(SpecshipError, match="inherit"):
        load_project(project)
