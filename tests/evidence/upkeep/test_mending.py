"""A ledger that is not whole is completed from another copy, or begun anew; nothing is lost or believed."""

import os
import shutil
from pathlib import Path

import pytest

from specship.errors import UnusableInput
from specship.evidence.attempt import Attempt
from specship.evidence.attempt_mark import mark_of, under_way
from specship.evidence.ledger import read_ledger
from specship.evidence.ledger_writer import LedgerWriter
from specship.evidence.signing import local_key
from specship.evidence.statement import ANNOUNCED
from specship.evidence.upkeep.mending import Mended, mend_ledger
from tests.evidence.statements import evidence, write_result


def ledger(state: Path) -> Path:
    """A ledger of four results, and an attempt that was interrupted."""
    folder = state / "ledger"
    writer = LedgerWriter(folder, [folder], local_key(state))
    for loss in (2.0, 2.1, 3.0, 2.2):
        write_result(writer, evidence(loss=loss))
    result = evidence(loss=1.0)
    attempt = Attempt.model_validate(
        {fact: getattr(result, fact) for fact in ANNOUNCED} | {"started": result.started}
    )
    with pytest.raises(KeyboardInterrupt), writer.announced(attempt):
        raise KeyboardInterrupt
    return folder


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return ledger(tmp_path / "whole")


@pytest.fixture
def half(tmp_path: Path, whole: Path) -> Path:
    """A copy that was not finished: some files are missing, one is cut, one was never renamed, marks are not there."""
    folder = tmp_path / "half/ledger"
    shutil.copytree(whole, folder, ignore=shutil.ignore_patterns("*.open"))
    names = sorted(path.name for path in folder.iterdir())
    for name in names[::3]:
        (folder / name).unlink()
    (folder / names[1]).write_bytes((folder / names[1]).read_bytes()[:100])
    left = folder / ".tmp-1-00000000-0123456789ab"
    left.write_text("{")
    os.utime(left, (0, 0))
    return folder


def mend(folder: Path, *sources: Path, anew: bool = False) -> Mended:
    return mend_ledger(folder.parent, (folder,), sources, anew=anew)


def test_a_half_copy_is_completed_from_the_whole_one(half: Path, whole: Path) -> None:
    before = read_ledger([half], keys=frozenset())
    done = mend(half, whole)

    assert before.flaws
    assert done.ledger.flaws == 0
    assert {one.digest for one in done.ledger.entries} == {
        one.digest for one in read_ledger([whole], keys=frozenset()).entries
    }
    assert (done.swept, len(done.set_aside)) == (1, 1)
    assert done.taken_over == 4
    assert len(done.ledger.marks) == 1


def test_without_a_source_what_is_damaged_is_set_aside_and_the_rest_is_told(half: Path) -> None:
    done = mend(half)

    assert not done.ledger.damaged
    assert done.ledger.flaws
    assert done.set_aside[0].parent == half.parent / "set-aside"
    assert done.set_aside[0].stat().st_size == 100


def test_a_broken_ledger_is_set_aside_whole_and_begun_anew(half: Path) -> None:
    """In one step, damaged files and all: what a kill leaves is the ledger before or the one after."""
    names = {path.name for path in half.glob("*.json")}
    done = mend(half, anew=True)
    (aside,) = done.set_aside

    assert done.ledger.entries == ()
    assert done.ledger.flaws == 0
    assert {path.name for path in aside.glob("*.json")} == names


def test_what_is_no_ledger_completes_none_and_nothing_is_touched(half: Path, tmp_path: Path) -> None:
    """A folder of other files was taken for a ledger that had nothing to add."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other/settings.json").write_text("{}")
    before = sorted(path.name for path in half.iterdir())
    for source, says in (
        (tmp_path / "other", "there is no ledger here"),
        (tmp_path / "nowhere", "no folder"),
    ):
        with pytest.raises(UnusableInput, match=says) as told:
            mend(half, source)
        assert "OTHER/.specship/ledger" in told.value.mend

    assert sorted(path.name for path in half.iterdir()) == before


def test_a_whole_ledger_is_not_begun_anew(whole: Path) -> None:
    with pytest.raises(UnusableInput, match="the ledger is whole"):
        mend(whole, anew=True)


def test_bytes_that_their_name_does_not_promise_are_not_taken_over(half: Path, whole: Path) -> None:
    for path in whole.glob("*.json"):
        path.write_bytes(path.read_bytes().replace(b"MODEL", b"MODEM").replace(b'"sig": "', b'"sig": "A'))
    done = mend(half, whole)

    assert done.taken_over == 0


def test_the_mark_of_an_attempt_that_has_its_result_goes(whole: Path) -> None:
    attempt = read_ledger([whole], keys=frozenset()).statements[0].evidence.attempt
    with pytest.raises(KeyboardInterrupt), under_way(whole, attempt):
        raise KeyboardInterrupt
    mend(whole)

    assert mark_of(whole, attempt) is None
