"""`specship gate` as a CI job runs it: exit status, files beside the screen, and what cannot be read."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import inside, script, specship
from tests.projects.histories import git
from tests.projects.merging import CONTRACT, Merging, commit
from tests.projects.small_project import edit
from tests.projects.sound_project import sound_project


@pytest.fixture(scope="module")
def merging(tmp_path_factory: pytest.TempPathFactory) -> Merging:
    built = Merging(tmp_path_factory.mktemp("merging"), tmp_path_factory.mktemp("keys"))
    built.branch("weaker")
    edit(built.folder / CONTRACT, "at_most: 2.2", "at_most: 4.7")
    commit(built.folder, "weaker")
    built.branch("unchanged")
    commit(built.folder, "nothing")
    return built


def test_a_screen_and_files_from_one_run(merging: Merging, tmp_path: Path) -> None:
    merging.branch("look", "weaker")
    files = {name: tmp_path / f"gate.{name}" for name in ("markdown", "sarif", "junit", "gitlab")}
    words = [word for name, path in files.items() for word in ("--write", f"{name}={path}")]
    done = specship("gate", "--base", "base", *words, folder=merging.folder)

    assert done.returncode == 1
    assert done.stdout.startswith("WEAKENED GATE-SMALL-001: val_loss ")
    assert "no amendment names it, contracts/small-v1.yaml:15" in done.stdout
    assert "FAIL: 3 reasons against merging HEAD into base" in done.stdout
    assert all(path.stat().st_size for path in files.values())
    assert files["markdown"].read_text().startswith("### ⚠️ 1 weakening\n")
    assert inside(merging.folder, "gate", "--base", "base", "--head", "unchanged").returncode == 0


def test_no_kept_answer_is_believed(
    merging: Merging, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one in the checkout, nor a forged one in the user's own folder, which review believes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    merging.branch("look", "weaker")
    inside(merging.folder, "review", "base..HEAD", "--format", "json")
    kept = json.loads((tmp_path / "specship/review.json").read_text())
    answer = json.dumps(["nothing changed\n", 0])
    forged = json.dumps(kept | {"answer": answer, "sha256": hashlib.sha256(answer.encode()).hexdigest()})
    for folder in (tmp_path / "specship", merging.folder / ".specship/cache"):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("review.json", "lint.json", "gate.json"):
            (folder / name).write_text(forged)
    git(merging.folder, "add", "-f", ".specship")
    commit(merging.folder, "forged")

    assert inside(merging.folder, "gate", "--base", "base").returncode == 1
    assert "weakened" in inside(merging.folder, "review", "base...HEAD", "--format", "json").stdout


UNUSABLE = {
    "a revision that is not here": (("--base", "nowhere"), "there is no revision 'nowhere' here"),
    "a base that is empty": (("--base", ""), "--base names nothing"),
    "a change that is part of base": (("--base", "base", "--head", "base"), "base is part of base already"),
    "a percentage that is none": (
        ("--base", "base", "--fail-under", "most"),
        "--fail-under 'most' is no percentage",
    ),
    "more than all": (("--base", "base", "--fail-under", "101"), "--fail-under '101' is no percentage"),
    "not a number": (("--base", "base", "--fail-under", "nan"), "--fail-under 'nan' is no percentage"),
    "a format that is none": (("--base", "base", "--write", "sarfi=x"), "there is no format 'sarfi'"),
    "a file that is none": (("--base", "base", "--write", "sarif"), "--write 'sarif' names no file"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_cannot_be_used_is_2(case: str, merging: Merging) -> None:
    words, said = UNUSABLE[case]
    done = inside(merging.folder, "gate", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "mend:" in done.stderr


UNREADABLE = {
    "a contract": (
        CONTRACT,
        "ship_blocking: true",
        "ship_blocking: yes",
        "unread:contracts/small-v1.yaml:12:20 SHIP110",
    ),
    "a name that binds to nothing": (
        CONTRACT,
        "probe: corpus.split",
        "probe: corpus.splti",
        "unread:contracts/small-v1.yaml:23:5 SHIP301",
    ),
    "the spec": ("specs/small/spec.yaml", "weight: 60", "weight: 61", "unread:specs/small/spec.yaml"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_head_that_cannot_be_read_is_2(case: str, merging: Merging) -> None:
    path, old, new, said = UNREADABLE[case]
    merging.branch("unread")
    edit(merging.folder / path, old, new)
    commit(merging.folder, case)
    done = inside(merging.folder, "gate", "--base", "base", "--head", "unread")

    assert done.returncode == 2
    assert said in done.stderr


def test_a_waiver_that_cannot_be_read_is_2(merging: Merging) -> None:
    merging.branch("unread")
    (merging.folder / "waivers").mkdir()
    (merging.folder / "waivers/all.yaml").write_text("gate: GATE-*\n")
    commit(merging.folder, "a waiver of all")
    done = inside(merging.folder, "gate", "--base", "base", "--head", "unread")

    assert done.returncode == 2
    assert "unread:waivers/all.yaml:1:7 SHIP204" in done.stderr


def test_a_shallow_clone_is_told_to_fetch(merging: Merging, tmp_path: Path) -> None:
    """A base that cannot be seen is no base."""
    merging.branch("look", "weaker")
    git(tmp_path, "clone", "-q", "--depth", "1", "--no-single-branch", f"file://{merging.folder}", "clone")
    done = inside(tmp_path / "clone", "gate", "--base", "origin/base", "--head", "origin/weaker")

    assert done.returncode == 2
    assert "git fetch --unshallow" in done.stderr


def test_outside_of_a_repository_is_2(tmp_path: Path) -> None:
    done = inside(sound_project(tmp_path), "gate", "--base", "main")

    assert done.returncode == 2
    assert "no git repository" in done.stderr


def test_no_code_of_the_project_comes_along(merging: Merging, tmp_path: Path) -> None:
    """Neither its probes, nor what variables of the environment bring into an interpreter."""
    merging.branch("hostile", "weaker")
    evil = f"from pathlib import Path\nPath({str(tmp_path / 'ran')!r}).touch()\nimport os\nos._exit(0)\n"
    for name in ("sitecustomize.py", "yaml.py", "probes/own.py", "conftest.py", "faults/own.py"):
        (merging.folder / name).parent.mkdir(exist_ok=True)
        (merging.folder / name).write_text(evil)
    edit(
        merging.folder / "pyproject.toml",
        "[tool.specship]\n",
        '[tool.specship]\nprobes = "probes"\nfaults = "faults"\n',
    )
    commit(merging.folder, "hostile")
    done = script(merging.folder, "specship", "gate", "--base", "base", "--format", "json")
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (1, "fail")
    assert brought_by(merging.folder) == 0  # Python itself obeys the variable before anything of ours begins
    assert (tmp_path / "ran").exists()

    (tmp_path / "ran").unlink()
    (merging.folder / "sitecustomize.py").unlink()
    assert brought_by(merging.folder) == 1
    assert not (tmp_path / "ran").exists()


def brought_by(folder: Path) -> int:
    """The exit status of a gate whose interpreter is told to look for modules in a folder."""
    begin = "import sys; from specship.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", begin, "gate", "--base", "base"]
    told = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=told, capture_output=True, check=False).returncode


def test_a_session_that_judged_nothing_carries_nothing(tmp_path: Path) -> None:
    """Gates that were all skipped are green to pytest, and neither to its last line nor to a floor."""
    folder = sound_project(tmp_path / "project")
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "a spec")
    for probe in ("run.held_out_loss", "corpus.split"):
        edit(
            folder / CONTRACT,
            f"    probe: {probe}\n",
            f"    probe: {probe}\n    requires: {{device: cuda}}\n",
        )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "ship", "--specship-profile", "release"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, "2 skipped" in done.stdout) == (0, True)
    assert "2 of 2 gates were not judged (2 BLOCKED): --ship-strict fails then" in done.stdout

    git(folder, "checkout", "-qb", "measured")
    commit(folder, "as far as it goes here")
    gate = specship("gate", "--base", "main", "--fail-under", "1", folder=folder)

    assert gate.returncode == 1
    assert "below-floor" in gate.stdout
    assert "MODEL-1 ships 0 % at release, and 1 % are demanded" in gate.stdout
