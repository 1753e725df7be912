"""Temporary files say who writes them, and those of dead writers are swept; new folders are flushed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from specship.errors import CannotWrite
from specship.files import new_folder, scratch_beside, sweep, temporary_beside, write_file, write_new_file

DEAD = ".tmp-{}-00000000-0123456789ab"
"""Of another start of the machine."""


def old(path: Path) -> Path:
    """Written long ago."""
    path.write_text("half")
    os.utime(path, (0, 0))
    return path


def dead_process() -> int:
    """The number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_what_dead_writers_left_long_ago_is_swept(tmp_path: Path) -> None:
    mine = temporary_beside(tmp_path / "x").name
    boot = mine.split("-")[2]
    gone = [
        DEAD.format(os.getpid()),
        f".tmp-{dead_process()}-{boot}-0123456789ab",
        f".tmp-{os.getpid()}-0123456789ab",
    ]
    kept = [mine, ".tmp-of-somebody-else", "file.json", f".tmp-{os.getpid()}-{boot}-0123456789ab"]
    for name in (*gone, *kept):
        old(tmp_path / name)
    (tmp_path / DEAD.format(7)).mkdir()
    (tmp_path / DEAD.format(7) / "weights").write_text("x")
    os.utime(tmp_path / DEAD.format(7), (0, 0))
    (tmp_path / DEAD.format(8)).write_text("younger than a day: perhaps another machine's")

    assert set(sweep(tmp_path)) == {*gone, DEAD.format(7)}
    assert {path.name for path in tmp_path.iterdir()} == {*kept, DEAD.format(8)}


def test_a_clock_that_jumped_removes_nothing_of_the_living(tmp_path: Path) -> None:
    ahead = tmp_path / DEAD.format(7)
    ahead.write_text("from the future")
    os.utime(ahead, (2**33, 2**33))
    own = old(temporary_beside(tmp_path / "x"))

    assert sweep(tmp_path) == ()
    assert own.exists()


@pytest.mark.parametrize("write", [write_file, write_new_file, lambda path, _: new_folder(path).__enter__()])
def test_whoever_writes_first_sweeps(write, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    left = old(tmp_path / DEAD.format(7))
    write(tmp_path / "new", b"data")

    assert not left.exists()


def test_scratch_is_gone_however_the_block_ends(tmp_path: Path) -> None:
    def work() -> None:
        with scratch_beside(tmp_path / "deep/down/file") as folder:
            (folder / "part").write_text("x")
            raise KeyError

    with pytest.raises(KeyError):
        work()

    assert list((tmp_path / "deep/down").iterdir()) == []


def test_a_file_system_without_links_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What FAT and some network mounts answer."""

    def refuses(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuses)

    assert write_new_file(tmp_path / "a", b"1")
    assert not write_new_file(tmp_path / "a", b"1")
    with pytest.raises(CannotWrite, match="taken by other bytes"):
        write_new_file(tmp_path / "a", b"2")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
