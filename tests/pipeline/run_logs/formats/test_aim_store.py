"""Aim's store: recognised, refused, with the command that exports it; and that command against Aim itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from specship.diagnose.opening import diagnose_run
from specship.errors import UnusableInput
from specship.pipeline.run_logs.formats.aim_store import EXPORT


@pytest.mark.parametrize("named", [".", ".aim/run_metadata.sqlite"])
def test_a_store_is_called_what_it_is(tmp_path: Path, named: str) -> None:
    (tmp_path / ".aim").mkdir()
    (tmp_path / ".aim" / "run_metadata.sqlite").write_bytes(b"SQLite format 3\x00")
    with pytest.raises(UnusableInput, match="a store of Aim, which only Aim opens") as caught:
        diagnose_run(tmp_path / named)

    assert "HASH > log.jsonl" in str(caught.value)
    compile(EXPORT, "<export>", "exec")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the library and what it imports
def test_what_the_command_writes_is_read(tmp_path: Path) -> None:
    aim = pytest.importorskip("aim", reason="aim is not installed: the command was not tried")
    run = aim.Run(repo=str(tmp_path))
    for step in range(10, 61, 10):
        run.track(4 - step / 30, name="loss", step=step, context={"subset": "train"})
        run.track(4 - step / 40, name="loss", step=step, context={"subset": "val"})
    name = run.hash
    run.close()
    subprocess.run(
        [sys.executable, "-c", "from aim.cli.cli import cli_entry_point as go; go()", "storage", "--repo", str(tmp_path), "reindex"],
        input="y\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", EXPORT, str(tmp_path), name], capture_output=True, text=True, check=True
    )
    (tmp_path / "log.jsonl").write_text(done.stdout)
    facts = diagnose_run(tmp_path / "log.jsonl").facts

    assert [one.step for one in facts.steps] == [10, 20, 30, 40, 50, 60]
    assert len(facts.evaluations) == 6
