"""At least a hundred attempts to raise a ship-% without a run: each is answered, and succeeds without its guard."""

import json
from collections.abc import Iterator

import pytest

from specship.suite.trust_audit.auditing import GUARDS
from tests.cheats import demands, statements
from tests.cheats.cheat import Cheat
from tests.cheats.guards import GUARD_OF, SEAMS, TEXT_SEAMS
from tests.cheats.scratch import Scratch
from tests.processes import inside
from tests.projects.merging import Merging, commit

ROWS = (*statements.ROWS, *demands.ROWS)
SHIPS = 60.0
"""What base ships at release, in percent."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Merging:
    return Merging(tmp_path_factory.mktemp("merging"), tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    made = Scratch(tmp_path_factory.mktemp("scratch"))
    yield made
    made.close()


def question(cheat: Cheat) -> tuple[str, ...]:
    return ("gate", "--base", cheat.asked or cheat.base, "--format", "json", *cheat.options)


@pytest.mark.parametrize("cheat", ROWS, ids=lambda cheat: cheat.tries.replace(" ", "-"))
def test_an_attempt_is_answered_and_succeeds_without_its_guard(
    cheat: Cheat, world: Merging, scratch: Scratch
) -> None:
    world.branch("change", cheat.base)
    cheat.act(world)
    commit(world.folder, "a change")

    done = inside(world.folder, *question(cheat))
    assert done.returncode == (2 if cheat.refused else 1), done.stdout
    assert cheat.says in done.stdout + done.stderr

    done = scratch.ask(world.folder, *question(cheat), without=())
    assert done.returncode == (2 if cheat.refused else 1), "the scratch copy is not the package"

    done = scratch.ask(world.folder, *question(cheat), without=cheat.guards)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not json.loads(done.stdout)["reasons"]


def test_every_guard_answers_something_and_nothing_else_does() -> None:
    assert {guard for cheat in ROWS for guard in cheat.guards} == SEAMS.keys() | TEXT_SEAMS.keys()
    assert GUARD_OF.keys() == SEAMS.keys() | TEXT_SEAMS.keys()
    assert set(GUARD_OF.values()) == {name.replace("_", "-") for name in GUARDS.names}
