"""Signing with another key what was measured before: the same figures, behind an attempt of that key's own.

A writer that is killed between the two leaves an attempt without a result. Whoever has the mark beside it
sees that its judge was interrupted; a clone has no marks, and would take the result for one that was taken
away. So what was interrupted is finished before anything else is signed.
"""

from __future__ import annotations

from collections.abc import Iterator

from specship.errors import UnusableInput
from specship.evidence.attempt import Attempt
from specship.evidence.attempt_mark import Mark
from specship.evidence.entry import LedgerEntry
from specship.evidence.ledger import Ledger
from specship.evidence.ledger_writer import LedgerWriter
from specship.evidence.statement import Evidence, Opened


def sign_again(writer: LedgerWriter, known: Ledger, result: Opened) -> None:
    """Write a result that `known` holds, and the attempt that announced it, with the writer's key.

    Raises:
        UnusableInput: that attempt is not among what is known.
        CannotWrite: the disk is full or refuses; `finish_signing` goes on from there.
    """
    announced = [entry.record for entry in known.attempts if entry.digest == result.evidence.attempt]
    if not announced:
        raise UnusableInput(
            f"{result.evidence.gate}: the ledger has no entry that announced this measurement",
            at=f"sha256:{result.evidence.attempt}",
            why="what was not announced before it was measured never counts: a failure could be left out",
            mend="see what `specship evidence verify` says of the ledger",
        )
    with writer.announced(announced[0]) as attempt:
        writer.append(_below(result, attempt))


def finish_signing(writer: LedgerWriter, known: Ledger) -> None:
    """Write the results of attempts whose signing was interrupted; `known` is where they were measured.

    Raises:
        UnusableInput: a result is not there any more.
        CannotWrite: the disk is full or refuses; the rest is still to finish.
    """
    ledger = writer.read()
    writer.sweep()
    for attempt in ledger.unfinished:
        if ledger.marks.get(attempt.digest) == Mark.INTERRUPTED:
            result = next(_results_of(attempt.record, known), None)
            if result is None:
                raise UnusableInput(
                    f"{attempt.record.gate}: its signing was interrupted, and the measurement is not here",
                    at=writer.folder / f"{attempt.digest}.json",
                    why="every clone would read that as a failure whose record was deleted",
                    mend="where the file was never committed, delete it; else sign where it was measured",
                )
            writer.append(_below(result, attempt))
            writer.close(attempt.digest)


def _below(result: Opened, attempt: LedgerEntry[Attempt]) -> Evidence:
    return result.evidence.model_copy(update={"attempt": attempt.digest})


def _results_of(attempt: Attempt, known: Ledger) -> Iterator[Opened]:
    """The results of an attempt, or of the one that it was signed again from; their parents differ."""
    told = attempt.model_copy(update={"parents": ()})
    same = {
        entry.digest for entry in known.attempts if entry.record.model_copy(update={"parents": ()}) == told
    }
    return (entry for entry in known.statements if entry.evidence.attempt in same)
