"""At least a hundred attempts to raise a ship-% without a run: each is answered, and succeeds without its guard."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from specship.suite.trust_audit.auditing import GUARDS
from tests.cheats import sessions, statements, surroundings
from tests.cheats.cheat import Cheat
from tests.cheats.guards import GUARD_OF, SEAMS, TEXT_SEAMS
from tests.cheats.scratch import Scratch
from tests.cheats.table import ROWS, page
from tests.places import ROOT
from tests.processes import inside, run_pytest, specship
from tests.projects.merging import Merging, commit
from tests.projects.small_project import edit, make_project

SHIPS = 60.0
"""What base ships at release, in percent."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Merging:
    made = Merging(tmp_path_factory.mktemp("merging"), tmp_path_factory.mktemp("keys"))
    statements.bases(made)
    return made


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    made = Scratch(tmp_path_factory.mktemp("scratch"))
    yield made
    made.close()


def question(cheat: Cheat) -> tuple[str, ...]:
    if cheat.face == "status":
        return ("specship", "status", "--format", "json")
    return ("specship", "gate", "--base", cheat.asked or cheat.base, "--format", "json", *cheat.options)


def released(done: subprocess.CompletedProcess[str]) -> float:
    """The ship-% of the release that a status shows."""
    models = json.loads(done.stdout)["models"]
    return float(next(model["ship_percent"] for model in models if model["profile"] == "release"))


EVERY = 28
"""Of so many rows one is tried in the default run."""


@pytest.mark.parametrize(
    "cheat",
    [
        pytest.param(
            cheat, id=cheat.tries.replace(" ", "-"), marks=[pytest.mark.slow] if index % EVERY else []
        )
        for index, cheat in enumerate(ROWS)
    ],
)
def test_an_attempt_is_answered_and_succeeds_without_its_guard(
    cheat: Cheat, world: Merging, scratch: Scratch
) -> None:
    world.branch("change", cheat.base)
    cheat.act(world)
    commit(world.folder, "a change")

    here = inside(world.folder, *question(cheat)[1:])
    copied = scratch.ask(world.folder, *question(cheat), without=())
    unguarded = scratch.ask(world.folder, *question(cheat), without=cheat.guards)

    assert cheat.says in here.stdout + here.stderr
    if cheat.face == "status":
        assert released(here) == released(copied) <= SHIPS
        assert released(unguarded) > released(here), unguarded.stdout + unguarded.stderr
    else:
        refused = 2 if cheat.refused else 1
        assert (here.returncode, copied.returncode) == (refused, refused), here.stdout + copied.stderr
        assert unguarded.returncode == 0, unguarded.stdout + unguarded.stderr
        assert not json.loads(unguarded.stdout)["reasons"]


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose first gate fails."""
    folder = make_project(tmp_path_factory.mktemp("sessions") / "project")
    edit(folder / "contracts/small-v1.yaml", "at_least: 10, unit", "at_least: 1000, unit")
    assert run_pytest(folder, "-m", "ship").returncode == 1
    return folder


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row.tries.replace(" ", "-"), marks=[pytest.mark.slow] if index % EVERY else [])
        for index, row in enumerate(sessions.ROWS)
    ],
)
def test_a_session_that_is_lied_to_is_red_and_green_without_its_guard(
    row: sessions.SessionCheat, failing: Path, tmp_path: Path, scratch: Scratch
) -> None:
    """`status` counts, and says no more than before, where it is the one that is asked."""
    project = tmp_path / "project"
    shutil.copytree(failing, project)
    row.act(project)
    for name, text in row.files.items():
        (project / name).write_text(text)

    words = row.words[1:]
    here = run_pytest(project, *words) if row.words[0] == "pytest" else specship(*words, folder=project)
    unguarded = scratch.ask(project, *row.words, without=row.guards)

    assert row.says in " ".join((here.stdout + here.stderr).split()), here.stdout + here.stderr
    if row.words[0] == "specship":
        assert '"ship_percent": 100.0' in unguarded.stdout
    else:
        assert here.returncode in {1, 2, 4}, here.stdout
        assert unguarded.returncode == 0, unguarded.stdout + unguarded.stderr


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row.tries.replace(" ", "-"), marks=[pytest.mark.slow] if index % EVERY else [])
        for index, row in enumerate(surroundings.ROWS)
    ],
)
def test_what_surrounds_a_measurement_decides_nothing_unless_its_guard_is_gone(
    row: surroundings.Surroundings, failing: Path, tmp_path: Path, scratch: Scratch
) -> None:
    """Both are asked of the scratch copy: nobody writes beside the packages that are really installed."""
    project = tmp_path / "project"
    shutil.copytree(failing, project)
    row.act(project)
    other = tmp_path / "other"
    # What the first session writes down would stand against the second one; what measures may still be at work.
    shutil.copytree(project, other, ignore=shutil.ignore_patterns("measuring"))

    def ask(folder: Path, *without: str) -> subprocess.CompletedProcess[str]:
        more = {name: text.format(project=folder) for name, text in row.environment.items()}
        return scratch.ask(folder, *row.words, without=without, more=more)

    with scratch.installed(row.installed):
        guarded, unguarded = ask(project), ask(other, *row.guards)

    assert row.says in " ".join((guarded.stdout + guarded.stderr).split()), guarded.stdout + guarded.stderr
    assert row.says not in " ".join((unguarded.stdout + unguarded.stderr).split())
    assert row.succeeds in unguarded.stdout, unguarded.stdout + unguarded.stderr


def test_every_guard_answers_something_and_nothing_else_does() -> None:
    assert {
        guard for cheat in (*ROWS, *sessions.ROWS, *surroundings.ROWS) for guard in cheat.guards
    } == SEAMS.keys() | TEXT_SEAMS.keys()
    assert GUARD_OF.keys() == SEAMS.keys() | TEXT_SEAMS.keys()
    assert set(GUARD_OF.values()) == {name.replace("_", "-") for name in GUARDS.names}


def test_the_page_shows_what_is_tried() -> None:
    """`python -m tests.cheats > docs/attempts.md` writes it again."""
    assert len(ROWS) >= 100
    assert len({cheat.tries for cheat in ROWS}) == len(ROWS)
    assert (ROOT / "docs" / "attempts.md").read_text() == page()
