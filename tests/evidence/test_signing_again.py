"""What was measured is signed with another key, and a signing that was interrupted is finished first."""

import shutil
from pathlib import Path

import pytest

from specship.errors import UnusableInput
from specship.evidence.attempt_mark import Mark
from specship.evidence.ledger import Ledger, append, read_ledger
from specship.evidence.ledger_writer import LedgerWriter
from specship.evidence.signing import local_key
from specship.evidence.signing_again import finish_signing, sign_again
from tests.evidence.statements import evidence, write_result


@pytest.fixture
def known(tmp_path: Path) -> Ledger:
    """One result, as a session left it."""
    folder = tmp_path / "measured"
    write_result(LedgerWriter(folder, [folder], local_key(tmp_path / "session")), evidence())
    return read_ledger([folder], keys=frozenset())


@pytest.fixture
def writer(tmp_path: Path) -> LedgerWriter:
    folder = tmp_path / "evidence"
    return LedgerWriter(folder, [folder], local_key(tmp_path / "release"))


def in_a_clone(writer: LedgerWriter) -> Ledger:
    """The committed files alone."""
    clone = writer.folder.with_name("clone")
    shutil.copytree(writer.folder, clone, ignore=shutil.ignore_patterns("*.open"))
    return read_ledger([clone], keys=frozenset({writer.key.public}))


def interrupt(writer: LedgerWriter, known: Ledger) -> None:
    """A signing that ends behind its attempt."""
    with pytest.raises(KeyboardInterrupt), writer.announced(known.attempts[0].record):
        raise KeyboardInterrupt


def test_a_result_is_signed_behind_an_attempt_of_the_same_key(writer: LedgerWriter, known: Ledger) -> None:
    sign_again(writer, known, known.statements[0])
    clone = in_a_clone(writer)
    (statement,), (attempt,) = clone.statements, clone.attempts

    assert statement.evidence.attempt == attempt.digest != known.statements[0].evidence.attempt
    assert statement.signers == attempt.signers == {writer.key.public}
    assert statement.evidence.measurement == known.statements[0].evidence.measurement


def test_an_interrupted_signing_is_finished(writer: LedgerWriter, known: Ledger) -> None:
    """Else the attempt is committed alone, and no clone gives credit for anything."""
    interrupt(writer, known)
    before = writer.read()
    finish_signing(writer, known)
    after = in_a_clone(writer)

    assert [*before.marks.values()] == [Mark.INTERRUPTED]
    assert (len(after.statements), after.flaws, after.unfinished) == (1, 0, ())
    assert not list(writer.folder.glob("*.open"))
    finish_signing(writer, known)
    assert len(writer.read().statements) == 1


def test_what_was_interrupted_and_is_nowhere_measured_is_told(writer: LedgerWriter, known: Ledger) -> None:
    interrupt(writer, known)
    with pytest.raises(UnusableInput, match="the measurement is not here") as told:
        finish_signing(writer, read_ledger([writer.folder], keys=frozenset()))

    assert "delete it" in str(told.value)
    assert writer.read().statements == ()


def test_what_nobody_announced_is_not_signed(writer: LedgerWriter, tmp_path: Path) -> None:
    append(tmp_path / "alone", evidence(attempt="a" * 64), local_key(tmp_path / "session"))
    known = read_ledger([tmp_path / "alone"], keys=frozenset())
    with pytest.raises(UnusableInput, match="the ledger has no entry that announced this measurement"):
        sign_again(writer, known, known.statements[0])
