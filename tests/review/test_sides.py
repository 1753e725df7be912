"""Sides that cannot be read say which file and where; sides without specship, links, submodules."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from specship.errors import UnusableInput
from specship.review.reviewing import review
from tests.projects.histories import git, history
from tests.projects.sound_project import CONTRACT, PYPROJECT
from tests.review.cases import BASE, CASES, RELEASED, SECOND, SETTINGS, SMALL, SPEC_FILE

UNREADABLE: dict[str, tuple[Mapping[str, str | None], str]] = {
    "a contract that is no YAML": ({SMALL: "gates: ["}, f"{SMALL}:2:1 SHIP104"),
    "a key that stands twice": ({SMALL: BASE[SMALL].replace("version:", "version: 9.0.0\nversion:")}, f"{SMALL}:3:1 SHIP108"),
    "an unknown key": ({SMALL: BASE[SMALL].replace("probe: corpus", "prob: corpus")}, f"{SMALL}:24:5 SHIP201"),
    "a limit that anything meets": ({SMALL: BASE[SMALL].replace("at_least: 131072", "at_least: 0")}, f"{SMALL}:16:19 SHIP209"),
    "one id in two contracts": ({SECOND: BASE[SECOND].replace("GATE-SECOND-001", "GATE-SMALL-001"), SMALL: BASE[SMALL] + "\n"}, "SHIP310"),
    "a contract that nobody would read": ({"contracts/more.yml": "a: b"}, "contracts/more.yml:1:1 SHIP214"),
    "a spec whose weights do not add up": ({SPEC_FILE: BASE[SPEC_FILE].replace("weight: 60", "weight: 61")}, f"{SPEC_FILE}:4:5 SHIP212"),
    "no spec": ({SPEC_FILE: None}, f"{SPEC_FILE}:1:1 SHIP101"),
    "a release that bends something": ({RELEASED: BASE[RELEASED] + "not_judged: {AC-SMALL-001: Never.}\n"}, f"{RELEASED}:1:1 SHIP213"),
    "a probe that is no Python": ({"probes/own.py": BASE["probes/own.py"] + "def (\n"}, "probes/own.py:11:5: not Python"),
    "a fault that is no Python": ({"faults/own_fault.py": "x = (\n"}, "faults/own_fault.py:1:5: not Python"),
    "two probes of one name": ({"probes/two.py": BASE["probes/own.py"]}, "two probes are called 'own.documents'"),
    "settings that are no TOML": ({SETTINGS: "[tool.specship"}, SETTINGS),
    "a key of no setting": ({SETTINGS: BASE[SETTINGS].replace("probes =", "probs =")}, f"{SETTINGS}:3:1 SHIP201"),
    "a spec outside": ({SETTINGS: BASE[SETTINGS].replace("specs/small", "../specs/small")}, "a path that leads out of the repository"),
    "a link out of it": ({SMALL: "link to ../../../etc/passwd"}, "a path that leads out of the repository"),
    "a link to nowhere and back": ({SMALL: "link to small-v1.yaml"}, "a link that leads nowhere"),
    "a submodule": ({**dict.fromkeys((SMALL, SECOND)), "contracts": f"submodule {'1' * 40}"}, "contracts: a submodule"),
}  # fmt: skip


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    branches = {name.replace(" ", "-"): files for name, (files, _) in UNREADABLE.items()}
    linked = {SMALL: "link to ../elsewhere.yaml", "elsewhere.yaml": CASES["a looser limit"].applied()[SMALL]}
    folder = {**dict.fromkeys((SMALL, SECOND)), "contracts": "link to gates", "gates/small-v1.yaml": CONTRACT.replace("2.2", "4.7"),
              "gates/second-v1.yaml": BASE[SECOND]}  # fmt: skip
    nothing = {**dict.fromkeys(BASE), "readme": "Nothing here."}
    two = {
        **{f"other/{path}": text for path, text in BASE.items()},
        "third/pyproject.toml": PYPROJECT,
        SETTINGS: None,
    }
    extra = {"linked": linked, "linked-folder": folder, "nothing": nothing, "two": two}
    return history(tmp_path_factory.mktemp("sides"), BASE, {**branches, **extra})


@pytest.mark.parametrize(
    ("name", "told"), [(name, told) for name, (_, told) in UNREADABLE.items()], ids=list(UNREADABLE)
)
def test_a_side_that_cannot_be_read_says_where(repository: Path, name: str, told: str) -> None:
    branch = name.replace(" ", "-")
    for words in (f"base..{branch}", f"{branch}..base"):
        with pytest.raises(UnusableInput) as caught:
            review(repository, words)
        assert told in str(caught.value)
        assert f"{branch}:" in str(caught.value), "which side it is"


def test_a_contract_that_nobody_touched_is_not_read(repository: Path) -> None:
    """What is wrong with it was wrong before; lint tells it."""
    assert review(repository, "an-unknown-key..an-unknown-key").changes == ()


def test_contracts_behind_links_are_read(repository: Path) -> None:
    for branch in ("linked", "linked-folder"):
        changes = review(repository, f"base..{branch}").changes
        assert "weakened GATE-SMALL-001" in {f"{change.direction} {change.id}" for change in changes}


def test_a_base_without_specship_has_everything_added(repository: Path) -> None:
    found = review(repository, "nothing..base")
    assert {change.direction for change in found.changes} == {"added", "neutral"}
    assert {change.id for change in found.changes} >= {
        "GATE-SMALL-001",
        "AC-SMALL-001",
        "MODEL-1",
        "release",
        "small",
    }
    assert (found.base_version, found.head_version, found.declared_bump) == (None, "1.0.0", "major")

    back = review(repository, "base..nothing")
    assert {change.id for change in back.changes if change.direction == "removed"} >= {
        "GATE-SMALL-001",
        "MODEL-1",
    }
    with pytest.raises(UnusableInput, match="on either side"):
        review(repository, "nothing..nothing")


def test_of_two_projects_that_moved_none_is_guessed(repository: Path) -> None:
    """One that moved is found wherever it went; of two nobody knows which is meant."""
    with pytest.raises(UnusableInput, match="one of them is meant"):
        review(repository, "base..two")


def test_the_working_tree_and_the_index(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(repository), "clone", "-b", "base")
    clone = tmp_path / "clone"
    (clone / SMALL).write_text(BASE[SMALL].replace("2.2", "4.7"))
    assert [c.direction for c in review(clone, "HEAD").changes] == ["weakened"]
    assert review(clone, "HEAD", staged=True).changes == ()
    git(clone, "add", "-A")
    assert [c.direction for c in review(clone, "HEAD", staged=True).changes] == ["weakened"]
    with pytest.raises(UnusableInput, match="a range has two ends"):
        review(clone, "HEAD..HEAD", staged=True)

    (clone / "contracts/half.yaml").write_text("contract_id: [")
    with pytest.raises(UnusableInput, match=r"^contracts/half.yaml:2:1"):
        review(clone, "HEAD")


def test_a_hook_sees_what_the_commit_would_hold(repository: Path, tmp_path: Path) -> None:
    """`git commit --all` writes another index than the usual one, and names it to hooks; and one may be split."""
    git(tmp_path, "clone", "-q", str(repository), "clone", "-b", "base")
    clone, seen = tmp_path / "clone", tmp_path / "seen"
    git(clone, "update-index", "--split-index")
    asks = "from pathlib import Path; from specship.review.reviewing import review; "
    asks += "print([c.id for c in review(Path(), 'HEAD', staged=True).changes])"
    (clone / ".git/hooks/pre-commit").write_text(f'#!/bin/sh\n{sys.executable} -I -c "{asks}" > {seen}\n')
    (clone / ".git/hooks/pre-commit").chmod(0o755)
    (clone / SMALL).write_text(BASE[SMALL].replace("2.2", "4.7"))
    git(clone, "commit", "-q", "-m", "looser", "--all")

    assert seen.read_text() == "['GATE-SMALL-001']\n"


def test_an_index_that_lies_elsewhere_is_not_believed(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "clone", "-q", str(repository), "clone", "-b", "base")
    clone = tmp_path / "clone"
    shutil.copy(clone / ".git/index", tmp_path / "index")
    (clone / SMALL).write_text(BASE[SMALL].replace("2.2", "4.7"))
    git(clone, "add", "-A")
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))

    assert [c.direction for c in review(clone, "HEAD", staged=True).changes] == ["weakened"]


def test_three_dots_begin_where_both_went_apart(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(repository), "clone", "-b", "linked")
    clone = tmp_path / "clone"
    git(clone, "checkout", "-q", "-b", "work", "origin/base")
    (clone / SECOND).write_text(BASE[SECOND].replace("There are documents.", "Documents are there."))
    git(clone, "commit", "-q", "-a", "-m", "words")
    assert [c.kind for c in review(clone, "linked...work").changes] == ["reworded"]
    assert "strengthened" in {c.direction for c in review(clone, "linked..work").changes}

    git(
        clone, "merge", "-q", "-m", "merge", "linked"
    )  # what came by the merge is no change of its own branch
    assert [c.kind for c in review(clone, "linked...work").changes] == ["reworded"]
    assert [c.kind for c in review(clone, "work^1...work^2").changes] == [
        c.kind for c in review(clone, "origin/base..linked").changes
    ]
