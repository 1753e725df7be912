"""Objects are read by a git that the repository cannot tell anything."""

import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from specship.errors import RequirementMissing, UnusableInput
from specship.evidence.repository import open_repository
from specship.review.reviewing import review
from tests.projects.histories import git, history
from tests.review.cases import BASE, CASES, SMALL

LOOSER = CASES["a looser limit"].applied()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return history(tmp_path / "project", BASE, {"head": LOOSER})


def loosened(folder: Path, words: str = "base..head") -> bool:
    return any(change.direction == "weakened" for change in review(folder, words).changes)


def test_a_hostile_configuration_runs_nothing_and_changes_nothing(repository: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    git(repository, "checkout", "-q", "head")
    for key in ("core.fsmonitor", "core.pager", "core.sshCommand", "diff.external", "filter.x.smudge", "filter.x.clean",
                "core.gitProxy", "diff.x.textconv", "credential.helper", "core.hooksPath"):  # fmt: skip
        git(repository, "config", key, str(trap.parent if key == "core.hooksPath" else trap))
    git(repository, "config", "remote.origin.url", f"ext::{trap}")
    git(repository, "config", "remote.origin.promisor", "true")
    git(repository, "config", "extensions.partialClone", "origin")
    git(repository, "config", "alias.cat-file", f"!{trap}")
    (repository / ".gitattributes").write_text("* filter=x diff=x\n")
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        (repository / ".git/hooks" / hook).write_text(trap.read_text())
        (repository / ".git/hooks" / hook).chmod(0o755)

    for words, staged in (("base..head", False), ("base...head", False), ("base", False), ("base", True)):
        assert review(repository, words, staged=staged).changes
    lost = git(repository, "rev-parse", f"head:{SMALL}")
    (repository / ".git/objects" / lost[:2] / lost[2:]).unlink(missing_ok=True)
    for pack in (repository / ".git/objects/pack").glob("*"):
        pack.unlink()
    with pytest.raises(UnusableInput):
        review(repository, "base..head")
    assert not (tmp_path / "sprung").exists()


def test_replaced_objects_are_not_taken(repository: Path) -> None:
    """`git replace` would show base's contract where head's is meant."""
    old, new = (git(repository, "rev-parse", f"{side}:{SMALL}") for side in ("base", "head"))
    git(repository, "replace", new, old)

    assert loosened(repository)


def test_a_git_inside_of_the_checkout_is_passed_over(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    false = repository / "bin" / "git"
    false.parent.mkdir()
    false.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    false.chmod(0o755)
    (tmp_path / "elsewhere").symlink_to(false.parent)

    monkeypatch.setenv(
        "PATH", os.pathsep.join(["bin", str(false.parent), str(tmp_path / "elsewhere"), os.environ["PATH"]])
    )
    assert loosened(repository)
    assert not (tmp_path / "sprung").exists()

    monkeypatch.setenv("PATH", str(false.parent))
    monkeypatch.setattr("specship.evidence.repository._SYSTEM", ())
    with pytest.raises(RequirementMissing, match="no git on PATH outside"):
        review(repository, "base..head")


def test_variables_of_git_do_not_lead_elsewhere(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = history(tmp_path / "other", {"a": "b"}, {"head": {"a": "c"}})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other / ".git/objects"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")

    assert loosened(repository)


def test_an_object_with_other_bytes_than_its_name_says(repository: Path) -> None:
    """Git itself does not hash what it takes from a pack, nor do we trust it to."""
    name = git(repository, "rev-parse", f"head:{SMALL}")
    path = repository / ".git/objects" / name[:2] / name[2:]
    if not path.exists():
        packs = list((repository / ".git/objects/pack").glob("*.pack"))
        data = packs[0].read_bytes()
        for pack in (repository / ".git/objects/pack").glob("*"):
            pack.unlink()
        git(repository, "unpack-objects", "-q", given=data)
    text = str(BASE[SMALL]).encode()
    path.chmod(0o644)
    path.write_bytes(zlib.compress(b"blob %d\0%s" % (len(text), text)))

    with pytest.raises(UnusableInput, match=r"other bytes than its name says|is not here"):
        review(repository, "base..head")


def test_worktrees_and_folders_within(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"), "head")

    assert loosened(tmp_path / "tree", "base..HEAD")
    assert loosened(tmp_path / "tree" / "contracts", "base")


def test_a_bare_repository_has_commits_alone(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")

    assert loosened(tmp_path / "bare.git")
    assert loosened(tmp_path / "bare.git" / "refs")
    for staged in (False, True):
        with pytest.raises(UnusableInput, match="is not in a bare repository"):
            review(tmp_path / "bare.git", "base", staged=staged)


def test_a_folder_of_a_working_tree_that_looks_like_a_repository_is_none(
    repository: Path, tmp_path: Path
) -> None:
    """Who writes the tree would else choose what is read: here one in which nothing was loosened."""
    git(repository, "checkout", "-q", "head")
    other = history(tmp_path / "other", BASE, {"head": {"README.md": "Read me."}})
    git(repository, "clone", "-q", "--bare", str(other), "contracts/inner")

    assert loosened(repository / "contracts/inner")


def test_a_hook_of_a_server_sees_what_is_pushed(repository: Path, tmp_path: Path) -> None:
    """Before it decides, git keeps the objects of a push apart from the others."""
    git(tmp_path, "clone", "-q", "--bare", "--single-branch", "--branch=base", str(repository), "bare.git")
    hook = tmp_path / "bare.git/hooks/pre-receive"
    hook.write_text(
        f"#!/bin/sh\nread old new ref\nexec {Path(sys.executable).parent}/specship review base..$new --no-cache\n"
    )
    hook.chmod(0o755)
    git(repository, "remote", "add", "server", str(tmp_path / "bare.git"))

    refused = subprocess.run(
        ["git", "push", "-q", "server", "head"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert "val_loss ≤ 2.2 nats/token → ≤ 4.7 nats/token" in refused.stderr


def test_a_folder_of_incoming_objects_elsewhere_is_not_believed(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = history(tmp_path / "other", BASE, {"more": LOOSER | {"README.md": "Read me."}})
    monkeypatch.setenv("GIT_QUARANTINE_PATH", str(other / ".git/objects"))

    with pytest.raises(UnusableInput, match="no revision"):
        review(repository, f"base..{git(other, 'rev-parse', 'more')}")


def test_a_shallow_clone_says_so(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", "--branch=head", f"file://{repository}", "shallow")

    with pytest.raises(UnusableInput, match="no revision 'HEAD~1'") as caught:
        review(tmp_path / "shallow", "HEAD~1..HEAD")
    assert "shallow" in caught.value.why
    assert "--unshallow" in caught.value.mend


@pytest.mark.parametrize(
    "words", ["nowhere..head", "base..nowhere", "--all", "base\nhead", "base..", "", "head:contracts"]
)
def test_revisions_that_are_none(repository: Path, words: str) -> None:
    if words == "base..":
        assert review(repository, words).head == "HEAD"
        return
    with pytest.raises(UnusableInput, match="no revision"):
        review(repository, words)


def test_outside_of_a_repository(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="in no git repository"), open_repository(tmp_path):
        pass


def test_objects_named_by_sha256(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "-b", "base", ".")
    for path, text in BASE.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "base")
    (tmp_path / SMALL).write_text(str(LOOSER[SMALL]))

    assert loosened(tmp_path, "base")
    git(tmp_path, "add", "-A")
    assert review(tmp_path, "base", staged=True).head == "the index"
