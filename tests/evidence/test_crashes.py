"""What is written under failures: each system call in turn, kills, full disks, many writers, half copies."""

import json
import multiprocessing
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from specship.evidence.ledger import append, read_ledger
from specship.evidence.signing import local_key
from tests.evidence.crash_writers import WRITERS
from tests.evidence.statements import evidence
from tests.places import ROOT

TABLE = (sys.executable, "-m", "tests.evidence.crash_table")


def crash_table(*words: str | Path | int, within: Iterable[str] = ()) -> Any:
    """What the process that makes others crash found."""
    done = subprocess.run(
        [*within, *TABLE, *map(str, words)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def traces() -> bool:
    """Whether a process may be traced here."""
    if shutil.which("strace") is None:
        return False
    return (
        subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode
        == 0
    )


def shown(rows: list[dict[str, Any]]) -> str:
    """The crash table: points by writer and failure, and how many went wrong."""
    kinds = sorted({kind for row in rows for kind in row["points"]})
    lines = [f"{'writer':18} {' '.join(f'{kind:>11}' for kind in kinds)} {'points':>7} {'wrong':>6}"]
    for row in rows:
        counts = " ".join(f"{row['points'].get(kind, 0):11}" for kind in kinds)
        lines.append(f"{row['writer']:18} {counts} {sum(row['points'].values()):7} {len(row['wrong']):6}")
    return "\n".join(lines)


def survived(rows: list[dict[str, Any]]) -> int:
    """How many points there were; none of them may have gone wrong."""
    sys.stdout.write(f"\n{shown(rows)}\n")
    assert [wrong for row in rows for wrong in row["wrong"]] == []
    return sum(count for row in rows for count in row["points"].values())


def test_some_calls_of_every_writer_fail() -> None:
    """Each writer's calls are enumerated, and every so many-th fails; all of them do in the longer test."""
    rows = crash_table("patched", 79)

    assert survived(rows) >= 40
    assert [row["writer"] for row in rows] == list(WRITERS)


@pytest.mark.slow
def test_every_call_of_every_writer_fails() -> None:
    """The real calls, killed or refused by the kernel's own tracer, once each and from each on: every third one."""
    if not traces():
        pytest.skip(reason="no process may trace another here; the patched calls are looked at all the same")
    rows = crash_table("traced", 3)

    assert survived(rows) >= 300


@pytest.mark.slow
def test_writes_that_are_cut_short_are_completed() -> None:
    """And whatever else a tracer cannot make: one in seven of all points, by failures inside the process."""
    assert survived(crash_table("patched", 7)) >= 200


@pytest.mark.slow
def test_five_hundred_kills_lose_nothing() -> None:
    found = crash_table("kills", 500)
    sys.stdout.write(f"\n{found}\n")

    assert found["acknowledged"] > 500
    assert found["present"] >= found["acknowledged"]
    assert {found[what] for what in ("lost", "damaged", "holes", "not swept", "status")} == {0}


def test_a_full_disk_and_one_for_reading_alone(tmp_path: Path) -> None:
    """Real ones, of a few kilobytes and of a few names, in a namespace of its own."""
    within = ("unshare", "--user", "--map-root-user", "--mount")
    if shutil.which("unshare") is None or subprocess.run([*within, "true"], check=False).returncode != 0:
        pytest.skip(reason="no namespaces of one's own here")
    found = crash_table("full", tmp_path, within=within)

    for full in ("bytes", "names"):
        one = found[full]
        assert one["acknowledged"] > 5
        assert (one["status"], one["freed"], one["read-only"]) == (2, 0, 2)
        assert (one["lost"], one["damaged"], one["left"]) == (0, 0, 0)
        assert one["still there"] == 6
        assert "free some space" in one["said"]
        assert "Read-only file system" in one["refused"]


def _write(folder: Path, state: Path, first: int, count: int) -> None:
    key = local_key(state)
    for number in range(first, first + count):
        append(folder, evidence(loss=float(number)), key)


@pytest.mark.slow
def test_eight_writers_lose_and_double_nothing(tmp_path: Path) -> None:
    """Twenty thousand statements by eight processes."""
    context = multiprocessing.get_context("fork")
    folder, state = tmp_path / "ledger", tmp_path / "state"
    writers = [context.Process(target=_write, args=(folder, state, 2500 * place, 2500)) for place in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    names = [path.name for path in folder.iterdir()]

    assert [writer.exitcode for writer in writers] == [0] * 8
    assert len(names) == 20_000
    assert not [name for name in names if not name.endswith(".json")]


def test_a_ledger_that_is_copied_while_it_is_written_invents_nothing(tmp_path: Path) -> None:
    """A copy has some of the files, some of them cut: what is there is there, the rest is named."""
    folder, state = tmp_path / "ledger", tmp_path / "state"
    key = local_key(state)
    parents: tuple[str, ...] = ()
    for number in range(8):
        parents = (append(folder, evidence(loss=float(number), parents=parents), key),)
    whole = read_ledger([folder], keys=frozenset({key.public}))
    copy = shutil.copytree(folder, tmp_path / "copy")
    for number, entry in enumerate(whole.statements):
        if number % 3 == 0:
            (copy / f"{entry.digest}.json").unlink()
        if number % 3 == 1:
            path = copy / f"{entry.digest}.json"
            path.write_bytes(path.read_bytes()[: 400 * (number // 3)])
    half = read_ledger([copy], keys=frozenset({key.public}))

    assert {entry.digest for entry in half.entries} < {entry.digest for entry in whole.entries}
    assert len(half.damaged) == 3
    assert half.flaws > 3
