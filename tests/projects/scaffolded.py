"""A scaffolded project and the questions that its tests ask of it."""

from pathlib import Path

from specship.cli import main
from specship.errors import SpecshipError
from specship.specs.project import survey_project
from specship.suite.plan.plan import make_plan
from tests.processes import script


def begin(folder: Path, name: str = "demo") -> Path:
    """A new project in a folder."""
    if main(["init", str(folder), "--name", name]) != 0:
        raise AssertionError("init failed")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file with its bytes, what was made while running apart."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {".specship", "__pycache__"} & set(path.parts)
    }


def faults(folder: Path) -> list[str]:
    """What keeps a project from being read, or binds to nothing at any of its profiles."""
    survey = survey_project(folder)
    if survey.project is None:
        return [str(fault) for fault in survey.faults]
    found = []
    for profile in survey.project.spec.profiles:
        try:
            make_plan(survey.project, profile)
        except SpecshipError as error:
            found.append(str(error))
    return found


def insist_clean(folder: Path) -> None:
    """The project loads, everything in it binds, and lint finds nothing."""
    found = faults(folder)
    linted = script(folder, "specship", "lint")
    if found or linted.returncode:
        raise AssertionError(f"{found}\n{linted.stdout}{linted.stderr}")
