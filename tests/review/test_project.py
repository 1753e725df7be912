"""A setting is shown where it stands, also where another table has a key of the same name."""

from pathlib import Path

import pytest

from specship.review.reviewing import review
from tests.projects.histories import history
from tests.projects.trusting import trusting
from tests.review.cases import BASE, KEY, SETTINGS

OTHERS = (
    '[tool.ruff.lint]\nignore = ["E1"]\n\n[tool.other]\nprofile = "x"\ntrusted_keys = 1\naddopts = "-q"\n\n'
)
EDITS = {
    "trusted_keys": ("trusted_keys = []", f"trusted_keys = [{trusting(KEY)}]", "trusted_keys ="),
    "lint.ignore": ("ignore = []", 'ignore = ["SHIP401"]', 'ignore = ["SHIP401"]'),
    "lint.select": ("ignore = []", 'ignore = []\nselect = ["SHIP401"]', 'select = ["SHIP401"]'),
    "profile": ("[tool.specship]\n", '[tool.specship]\n  "profile" = "release"\n', '  "profile"'),
    "addopts": ("--ship-fail-under=70", "--ship-fail-under=7", 'addopts = "--ship-fail-under'),
    "healthy": ('healthy = "healthy.yaml"\n', "", "[tool.specship]"),
}


START = OTHERS + BASE[SETTINGS].replace('profile = "rehearsal"\n', "")
HEADS = {name: START.replace(old, new) for name, (old, new, _) in EDITS.items()}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    branches = {name: {SETTINGS: text} for name, text in HEADS.items()}
    return history(tmp_path_factory.mktemp("settings"), {**BASE, SETTINGS: START}, branches)


@pytest.mark.parametrize("name", EDITS)
def test_a_setting_is_shown_on_its_own_line(repository: Path, name: str) -> None:
    (change,) = (c for c in review(repository, f"base..{name}").changes if c.id == name)

    assert change.head is not None
    assert HEADS[name].splitlines()[change.head.line - 1].startswith(EDITS[name][2])


def test_the_first_keys_of_a_project_are_told(tmp_path: Path) -> None:
    head = {
        **BASE,
        SETTINGS: BASE[SETTINGS].replace("trusted_keys = []", f"trusted_keys = [{trusting(KEY)}]"),
    }
    found = review(history(tmp_path, {"README": "Words."}, {"head": head}), "base..head")

    assert [(c.direction, c.after) for c in found.changes if c.kind == "key"] == [("added", KEY)]
