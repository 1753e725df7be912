"""Statements of closed versions go into one file each; every verb says the same before and after."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from specship.evidence.ledger import read_ledger
from specship.evidence.packs import line_of
from specship.evidence.upkeep.mending import mend_ledger
from specship.evidence.upkeep.packing import pack_ledger
from tests.processes import inside
from tests.projects.histories import git
from tests.projects.merging import Merging, amend, commit

PACK = "evidence/packs/1.0.0.jsonl"


def commit_later(folder: Path, message: str, seconds: int) -> None:
    """As if so much later: git knows whole seconds alone."""
    moment = {"GIT_COMMITTER_DATE": f"{int(time.time()) + seconds} +0000"}
    git(folder, "add", "-A")
    subprocess.run(
        ["git", "-c", "user.name=A Tester", "-c", "user.email=tester@example.org", "commit", "-qm", message],
        cwd=folder, env=os.environ | moment, check=True,
    )  # fmt: skip


class Closed(Merging):
    """A project whose evidence was committed before its newest amendment."""

    def __init__(self, folder: Path, state: Path) -> None:
        super().__init__(folder, state)
        amend(folder, "GATE-SMALL-001", bump="patch")
        commit_later(folder, "amended", 60)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Closed:
    return Closed(tmp_path_factory.mktemp("closed"), tmp_path_factory.mktemp("keys"))


@pytest.fixture
def world(closed: Closed, tmp_path: Path) -> Path:
    return Path(shutil.copytree(closed.folder, tmp_path / "project"))


def singles(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "evidence").glob("*.json")}


def told(folder: Path, *words: str) -> tuple[int, str]:
    """What a verb answers, without places and moments."""
    done = inside(folder, *words)
    said = re.sub(r"evidence/(packs/1\.0\.0\.jsonl|[0-9a-f]{64}\.json)", "PLACE", done.stdout)
    return done.returncode, re.sub(r'"(at|moment|taken)": "[^"]*"', "", said + done.stderr)


def say_all(folder: Path) -> list[Any]:
    return [
        told(folder, "status", "--profile", "release"),
        told(folder, "evidence", "verify"),
    ]


def test_packing_changes_nothing_that_anybody_says(world: Path) -> None:
    before, said = singles(world), say_all(world)

    dry = inside(world, "evidence", "pack", "--dry-run")
    size = sum(map(len, before.values()))
    assert dry.stdout == f"1.0.0: {len(before)} files, {size} bytes would be packed: {PACK}\n", dry.stderr
    assert singles(world) == before

    done = inside(world, "evidence", "pack")
    assert (done.returncode, done.stderr) == (0, "")
    assert not singles(world)
    assert say_all(world) == said
    shown = min(before).removesuffix(".json")
    assert PACK in inside(world, "evidence", "show", shown).stdout

    git(world, "checkout", "-q", "-b", "packed")
    commit(world, "packed")
    assert say_all(world) == said
    gate = inside(world, "gate", "--base", "base", "--format", "json")
    assert gate.returncode == 0, gate.stdout
    review = inside(world, "review", "base..packed")
    assert review.returncode == 0, review.stdout + review.stderr

    text = (world / PACK).read_bytes()
    again = inside(world, "evidence", "pack")
    assert again.stdout == "nothing to pack: no committed statement is of a version before 1.0.1\n"
    assert (world / PACK).read_bytes() == text

    # and the one more that is taken out of it is missed by everybody
    (world / PACK).write_bytes(b"".join(text.splitlines(keepends=True)[1:]))
    lost = min(before)
    assert f"evidence/{lost} was committed, and is gone" in inside(world, "evidence", "verify").stdout
    commit(world, "one less")
    gate = inside(world, "gate", "--base", "HEAD^")
    assert f"evidence/{lost} is on base and not here" in gate.stdout
    assert f"-- {PACK}" in gate.stdout
    gate = inside(world, "gate", "--base", "base")
    assert f"-- evidence/{lost}" in gate.stdout


def test_a_flipped_byte_is_named_with_its_line(world: Path) -> None:
    inside(world, "evidence", "pack")
    text = bytearray((world / PACK).read_bytes())
    place = text.index(b"\n") + 200
    text[place] ^= 1
    (world / PACK).write_bytes(text)

    verify = inside(world, "evidence", "verify")
    assert verify.returncode == 1
    assert f"{PACK}:2" in verify.stdout
    status = inside(world, "status", "--profile", "release")
    assert f"{PACK}:2" in status.stdout + status.stderr
    refused = inside(world, "evidence", "pack")
    assert refused.returncode == 2
    assert "is not whole" in refused.stderr

    git(world, "checkout", "-q", "-b", "flipped")
    commit(world, "flipped")
    gate = inside(world, "gate", "--base", "base")
    assert gate.returncode == 1
    assert f"{PACK}" in gate.stdout
    assert "evidence-damaged" in gate.stdout


KILLED = """
import os, signal, sys
from pathlib import Path
from specship.evidence.upkeep.packing import pack_ledger
count, most = 0, int(sys.argv[2])
held = Path.unlink
def unlink(self, **k):
    global count
    if self.suffix == ".json":
        count += 1
        if count > most:
            os.kill(os.getpid(), signal.SIGKILL)
    held(self, **k)
Path.unlink = unlink
folder = Path(sys.argv[1])
amendments = folder / "specs/small/amendments"
versions = dict(zip(sorted(path.name for path in amendments.iterdir()), ("1.0.0", "1.0.1"), strict=True))
pack_ledger(folder / "evidence", amendments, versions, dry=False)
"""


@pytest.mark.parametrize("removed", [0, 3])
def test_a_kill_between_writing_and_removing_loses_nothing(world: Path, removed: int) -> None:
    before = {entry.digest for entry in read_ledger([world / "evidence"], keys=frozenset()).entries}
    count = len(singles(world))
    done = subprocess.run([sys.executable, "-I", "-c", KILLED, str(world), str(removed)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(singles(world)) == count - removed
    assert {entry.digest for entry in read_ledger([world / "evidence"], keys=frozenset()).entries} == before

    text = (world / PACK).read_bytes()
    assert inside(world, "evidence", "pack").returncode == 0
    assert (singles(world), (world / PACK).read_bytes()) == ({}, text)


def test_what_is_of_today_or_not_committed_stays(world: Path, closed: Closed) -> None:
    old = singles(world)
    made = Closed.__new__(Closed)
    made.folder, made.key, made.other = world, closed.key, closed.other
    made.measure({})
    new = singles(world).keys() - old.keys()
    assert new
    assert inside(world, "evidence", "pack").returncode == 0
    assert singles(world).keys() == new
    commit(world, "measured again")
    assert "nothing to pack" in inside(world, "evidence", "pack").stdout
    assert singles(world).keys() == new


def test_a_pack_that_is_full_leaves_the_rest(world: Path) -> None:
    before = singles(world)
    lines = [line_of(name.removesuffix(".json"), data) for name, data in sorted(before.items())]
    versions = {
        path.name: text
        for path, text in zip(
            sorted((world / "specs/small/amendments").iterdir()), ("1.0.0", "1.0.1"), strict=True
        )
    }
    for most, files in ((sum(map(len, lines[:2])) - 1, 1), (sum(map(len, lines[:2])), 1)):
        (done,) = pack_ledger(
            world / "evidence", world / "specs/small/amendments", versions, dry=False, most=most
        )
        assert done.files == files
    assert len(singles(world)) == len(before) - 2


def test_without_git_nothing_says_what_is_closed(world: Path) -> None:
    shutil.rmtree(world / ".git")
    done = inside(world, "evidence", "pack")
    assert done.returncode == 2
    assert "nothing says what was committed when" in done.stderr


def test_a_ledger_is_mended_from_packs_too(world: Path, tmp_path: Path) -> None:
    before = singles(world)
    inside(world, "evidence", "pack")
    done = mend_ledger(tmp_path / "state", (tmp_path / "state/ledger",), [world / "evidence"], anew=False)
    assert done.taken_over == len(before)
    assert {path.name: path.read_bytes() for path in (tmp_path / "state/ledger").glob("*.json")} == before
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["ledger"]
