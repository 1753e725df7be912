"""Demands on a session that nothing was judged for, and ledgers that are not whole."""

from pathlib import Path

import pytest

from tests.processes import run_pytest as ship
from tests.projects.small_project import edit, statements_of

SECOND = """  - id: MODEL-2
    title: Nobody has said yet how it is made
    criteria:
      - {id: AC-SMALL-009, statement: It is there., weight: 100, because: b, effort: {gpu_hours: 0, person_hours: 1}}
"""
MARKED = "import pytest\n\n@pytest.mark.ship\ndef test_it():\n    pass\n"


@pytest.mark.parametrize(
    "part", ["specship-session", pytest.param("specship-asleep", marks=pytest.mark.slow)]
)
def test_what_judges_cannot_be_left_out(part: str, project: Path) -> None:
    """By addopts, which nobody reads who reads the command line of a CI job."""
    (project / "test_it.py").write_text(MARKED)
    edit(project / "pyproject.toml", "--strict-config'", f"--strict-config -p no:{part}'")
    for demand in (("--ship-strict",), ("--ship-fail-under", "90"), ("-m", "ship")):
        done = ship(project, "-q", *demand)
        assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout
        assert f"-p no:{part}: gates were asked for" in done.stderr
    assert (
        ship(project, "-q", "-m", "not ship", "test_it.py").returncode == pytest.ExitCode.NO_TESTS_COLLECTED
    )


def test_collecting_meets_no_demand(project: Path) -> None:
    (project / "test_it.py").write_text(MARKED)
    for demand in ("--ship-strict", "--ship-fail-under=1", "--specship-report=r.json"):
        done = ship(project, "-m", "ship", demand, environment={"PYTEST_ADDOPTS": "--collect-only"})
        assert done.returncode == 1, done.stdout
        assert "3 gates were selected and none was judged" in done.stdout
    assert ship(project, "--collect-only", "--specship-profile", "release").returncode == 0


@pytest.mark.slow
@pytest.mark.usefixtures("armed")
def test_every_model_of_the_spec_is_asked(project: Path) -> None:
    """One that the profile does not run is lower than any floor, unless all its criteria say why."""
    spec = project / "specs/small/spec.yaml"
    spec.write_text(spec.read_text() + SECOND)
    done = ship(project, "-m", "ship", "--ship-fail-under", "90")

    assert done.returncode == 1, done.stdout
    assert "MODEL-2: profile rehearsal has no pipeline for it, so it does not reach 90 %" in done.stdout
    profile = project / "specs/small/profiles/rehearsal.yaml"
    profile.write_text(profile.read_text() + "not_judged: {AC-SMALL-009: Next year.}\n")
    assert ship(project, "-m", "ship", "--ship-fail-under", "90").returncode == 0


def test_a_ledger_with_a_hole_fails_the_session(shipped: Path) -> None:
    gone = statements_of(shipped)[0].digest
    (shipped / f".specship/ledger/{gone}.json").unlink()
    done = ship(shipped, "-m", "ship")

    assert done.returncode == 1, done.stdout
    assert "ledger: " in done.stdout
    assert gone[:12] in done.stdout
