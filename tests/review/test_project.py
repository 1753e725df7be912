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


_LISTED = {"evidence/arming/keys.txt": f"{KEY}  # a machine\n"}
KEYS = {
    "another purpose": ("release", {}, "release rehearsal", {}, "weakened"),
    "a later end": ("release", {}, "release", {"until": "2100-01-01"}, "weakened"),
    "an earlier beginning": ("release", {}, "release", {"since": "2019-01-01"}, "weakened"),
    "revoked no more": ("release", {"revoked": "2026-01-01"}, "release", {}, "weakened"),
    "revoked later": ("release", {"revoked": "2026-01-01"}, "release", {"revoked": "2026-02-01"}, "weakened"),
    "fewer purposes": ("release arming", {}, "release", {}, "strengthened"),
    "revoked": ("release", {}, "release", {"revoked": "2026-01-01"}, "strengthened"),
    "revoked after its end": ("release", {}, "release", {"revoked": "2100-06-01"}, "neutral"),
    "an earlier end": ("release", {}, "release", {"until": "2050-01-01"}, "strengthened"),
    "another purpose for a shorter time": ("release", {}, "arming", {"until": "2050-01-01"}, "weakened"),
    "another owner": ("release", {}, "release", {"owner": "Others"}, "neutral"),
}


@pytest.fixture(scope="module")
def trusting_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def project(*keys: str) -> dict[str, str]:
        return {
            **BASE,
            SETTINGS: BASE[SETTINGS].replace("trusted_keys = []", f"trusted_keys = [{', '.join(keys)}]"),
        }

    branches = {"none": BASE, "refused": project(trusting(KEY)) | _LISTED, "one": project(trusting(KEY))}
    for number, (before, old, after, new, _) in enumerate(KEYS.values()):
        branches[f"before-{number}"] = project(trusting(KEY, *before.split(), **old))
        branches[f"after-{number}"] = project(trusting(KEY, *after.split(), **new))
    return history(tmp_path_factory.mktemp("keys"), BASE, branches)


@pytest.mark.parametrize("case", KEYS)
def test_a_key_that_may_sign_more_is_a_weakening(trusting_repository: Path, case: str) -> None:
    number = list(KEYS).index(case)
    found = review(trusting_repository, f"before-{number}..after-{number}").changes

    assert [(one.kind, one.direction) for one in found] == [("key", KEYS[case][4])]
    assert found[0].says.startswith(f"whoever has the key {KEY[:12]}… may sign ")


@pytest.mark.parametrize(
    ("base", "head", "direction"),
    [
        ("none", "one", "weakened"), ("one", "none", "strengthened"),
        ("refused", "one", "weakened"), ("one", "refused", "strengthened"),
    ],
)  # fmt: skip
def test_a_key_that_comes_or_is_believed_again_is_a_weakening(
    trusting_repository: Path, base: str, head: str, direction: str
) -> None:
    found = review(trusting_repository, f"{base}..{head}").changes

    assert [one.direction for one in found if one.kind == "key"] == [direction]
