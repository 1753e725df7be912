"""What counts as committed, whatever git is told to overlook."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from specship.evidence.committed import CommitHistory, committed
from tests.projects.histories import git

FILES = {
    "contracts/a.yaml": "a: 1\n",
    "probes/p.py": "x = 1\n",
    ".gitignore": "*.log\nscratch/\n",
    "notes.txt": "n\n",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "link").symlink_to("notes.txt")
    git(folder, "init", "-q", "-b", "main", ".")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "all")
    return folder


def differs(folder: Path) -> tuple[str, ...]:
    return committed(folder, (folder / "contracts", folder / "probes", folder / "not-there")).differs


def edit(folder: Path) -> None:
    (folder / "contracts/a.yaml").write_text("a: 2\n")


def assumed_unchanged(folder: Path) -> None:
    edit(folder)
    git(folder, "update-index", "--assume-unchanged", "contracts/a.yaml")
    assert git(folder, "status", "--porcelain") == ""


def left_out_of_the_worktree(folder: Path) -> None:
    edit(folder)
    git(folder, "update-index", "--skip-worktree", "contracts/a.yaml")
    assert git(folder, "status", "--porcelain") == ""


def excluded(folder: Path) -> None:
    (folder / ".git/info/exclude").write_text("b.yaml\n")
    (folder / "contracts/b.yaml").write_text("b: 1\n")
    assert git(folder, "status", "--porcelain") == ""


def ignored(folder: Path) -> None:
    (folder / "contracts/b.log").write_text("b: 1\n")
    assert git(folder, "status", "--porcelain") == ""


def ignored_by_itself(folder: Path) -> None:
    (folder / "contracts/.gitignore").write_text("*\n")
    (folder / "contracts/b.yaml").write_text("b: 1\n")
    assert git(folder, "status", "--porcelain") == ""


def smudged(folder: Path) -> None:
    (folder / ".git/info/attributes").write_text("*.yaml filter=lie\n")
    git(folder, "config", "filter.lie.clean", "echo a: 1")
    edit(folder)
    os.utime(folder / "contracts/a.yaml", (1, 1))
    assert git(folder, "status", "--porcelain") == ""


def elsewhere(folder: Path) -> None:
    (folder / "contracts").rename(folder.parent / "contracts")
    (folder / "contracts").symlink_to(folder.parent / "contracts")


def another_link(folder: Path) -> None:
    (folder / "link").unlink()
    (folder / "link").symlink_to("contracts")


def gone(folder: Path) -> None:
    (folder / "notes.txt").unlink()


def added(folder: Path) -> None:
    (folder / "new.txt").write_text("new\n")


def staged(folder: Path) -> None:
    added(folder)
    git(folder, "add", "-A")


def false_git(folder: Path) -> None:
    edit(folder)
    program = folder.parent / "bin/git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)


CASES: dict[str, tuple[Callable[[Path], None], str]] = {
    "edited": (edit, "contracts/a.yaml: not as it is committed"),
    "assumed unchanged": (assumed_unchanged, "contracts/a.yaml: not as it is committed"),
    "left out of the worktree": (left_out_of_the_worktree, "contracts/a.yaml: not as it is committed"),
    "a filter that lies": (smudged, "contracts/a.yaml: not as it is committed"),
    "a git that says nothing": (false_git, "contracts/a.yaml: not as it is committed"),
    "excluded": (excluded, "contracts/b.yaml: not committed"),
    "ignored": (ignored, "contracts/b.log: not committed"),
    "ignored by itself": (ignored_by_itself, "contracts/b.yaml: not committed"),
    "outside of the repository": (elsewhere, "contracts: outside of the repository"),
    "another link": (another_link, "link: not as it is committed"),
    "a file that is gone": (gone, "notes.txt: not as it is committed"),
    "a new file": (added, "new.txt: not committed"),
    "a new file in the index": (staged, "new.txt: not committed"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_committed_is_named(checkout: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert differs(checkout) == ()

    act, says = CASES[case]
    act(checkout)
    monkeypatch.setenv("PATH", os.pathsep.join([str(checkout.parent / "bin"), os.environ["PATH"]]))

    assert any(one.endswith(says) for one in differs(checkout)), differs(checkout)


def test_what_is_ignored_elsewhere_is_no_matter(checkout: Path) -> None:
    (checkout / "scratch").mkdir()
    (checkout / "scratch/a.yaml").write_text("a: 2\n")
    (checkout / "probes/__pycache__").mkdir()
    (checkout / "probes/__pycache__/p.pyc").write_bytes(b"0")
    (checkout / ".gitignore").write_text(FILES[".gitignore"] + "__pycache__/\n")
    git(checkout, "commit", "-qam", "ignore more")

    assert differs(checkout) == ()
    assert committed(checkout).commit == git(checkout, "rev-parse", "HEAD")


def test_outside_of_git_nothing_is_committed(tmp_path: Path) -> None:
    assert committed(tmp_path) == ("", ("this folder is in no git repository",))


def commit(folder: Path, name: str, day: str) -> None:
    (folder / "evidence").mkdir(exist_ok=True)
    (folder / "evidence" / name).write_text(f"{name}\n")
    git(folder, "add", "-A")
    os.environ["GIT_COMMITTER_DATE"] = f"{day}T12:00:00Z"
    git(folder, "commit", "-q", "-m", name)


def test_a_commit_is_no_older_than_those_that_it_follows(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_COMMITTER_DATE", "")
    git(checkout, "commit", "-q", "--amend", "-m", "x", "--date=2026-01-01T00:00:00Z")
    start = CommitHistory.of(checkout / "evidence")
    commit(checkout, "one.json", "2027-02-01")
    commit(checkout, "backdated.json", "2020-02-02")
    (checkout / "evidence/one.json").unlink()
    commit(checkout, "two.json", "2027-02-03")
    commit(checkout, "one.json", "2027-03-01")
    history = CommitHistory.of(checkout / "evidence")

    assert start is not None
    assert start.names == frozenset()
    assert history is not None
    assert history.names == {"one.json", "backdated.json", "two.json"}
    days = [f"{history.first_seen(name):%Y-%m-%d}" for name in ("one.json", "backdated.json", "two.json")]
    assert days == ["2027-02-01", "2027-02-01", "2027-02-03"]
    assert history.first_seen("never.json") is None
