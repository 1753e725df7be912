"""Marks of attempts: held while a judge is at work, left behind when it is killed, gone when it is done."""

import subprocess
import sys
from pathlib import Path

import pytest

from specship.errors import CannotWrite
from specship.evidence.attempt_mark import Mark, clear_mark, mark_of, under_way

DIGEST = "a" * 64
HOLDING = """
import os, sys
from pathlib import Path
from specship.evidence.attempt_mark import under_way
with under_way(Path(sys.argv[1]), "a" * 64):
    print("held", flush=True)
    sys.stdin.readline()
    os._exit(9)
"""


def test_a_mark_lasts_as_long_as_its_block(tmp_path: Path) -> None:
    with under_way(tmp_path / "ledger", DIGEST):
        during = mark_of(tmp_path / "ledger", DIGEST)

    assert (during, mark_of(tmp_path / "ledger", DIGEST)) == (Mark.UNDER_WAY, None)


def test_a_block_that_ends_badly_leaves_its_mark(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), under_way(tmp_path, DIGEST):
        raise KeyboardInterrupt

    assert mark_of(tmp_path, DIGEST) == Mark.INTERRUPTED
    clear_mark(tmp_path, DIGEST)
    assert mark_of(tmp_path, DIGEST) is None
    clear_mark(tmp_path, DIGEST)


def test_a_process_that_dies_lets_go_of_its_mark(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    held = mark_of(tmp_path, DIGEST)
    child.communicate("\n")

    assert (held, mark_of(tmp_path, DIGEST)) == (Mark.UNDER_WAY, Mark.INTERRUPTED)


def test_what_is_no_file_is_no_mark(tmp_path: Path) -> None:
    """A link says nothing, wherever it leads; neither is it written through."""
    (tmp_path / "real").touch()
    (tmp_path / f"{DIGEST}.open").symlink_to(tmp_path / "real")

    assert mark_of(tmp_path, DIGEST) is None
    with pytest.raises(CannotWrite), under_way(tmp_path, DIGEST):
        pass
