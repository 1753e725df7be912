"""At least a hundred attempts to raise a ship-% without a run: each is answered, and succeeds without its guard."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from specship.suite.trust_audit.auditing import GUARDS
from tests.cheats import statements
from tests.cheats.cheat import Cheat
from tests.cheats.guards import GUARD_OF, SEAMS, TEXT_SEAMS
from tests.cheats.scratch import Scratch
from tests.cheats.table import ROWS, page
from tests.places import ROOT
from tests.processes import inside
from tests.projects.merging import Merging, commit

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
        return ("status", "--format", "json")
    return ("gate", "--base", cheat.asked or cheat.base, "--format", "json", *cheat.options)


def released(done: subprocess.CompletedProcess[str]) -> float:
    """The ship-% of the release that a status shows."""
    models = json.loads(done.stdout)["models"]
    return float(next(model["ship_percent"] for model in models if model["profile"] == "release"))


EVERY = 14
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

    here = inside(world.folder, *question(cheat))
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


def test_every_guard_answers_something_and_nothing_else_does() -> None:
    assert {guard for cheat in ROWS for guard in cheat.guards} == SEAMS.keys() | TEXT_SEAMS.keys()
    assert GUARD_OF.keys() == SEAMS.keys() | TEXT_SEAMS.keys()
    assert set(GUARD_OF.values()) == {name.replace("_", "-") for name in GUARDS.names}


def test_the_page_shows_what_is_tried() -> None:
    """`python -m tests.cheats > docs/attempts.md` writes it again."""
    assert len(ROWS) >= 100
    assert len({cheat.tries for cheat in ROWS}) == len(ROWS)
    assert (ROOT / "docs" / "attempts.md").read_text() == page()
