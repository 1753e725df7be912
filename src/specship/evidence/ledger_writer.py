"""Writing to a ledger: entries name the heads that their writer sees; attempts are marked while they last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from specship.evidence.attempt import Attempt
from specship.evidence.attempt_mark import ENDING, clear_mark, under_way
from specship.evidence.entry import LedgerEntry, LedgerRecord, seal_record
from specship.evidence.ledger import Ledger, LedgerReader, files_of, opened_again
from specship.evidence.signing import SigningKey
from specship.evidence.upkeep.indexed_ledger import IndexedReader
from specship.files import write_new_file

_Kind = TypeVar("_Kind", bound=LedgerRecord)


class LedgerWriter:
    """Who writes into one folder, with one key, and reads some folders to know the heads."""

    def __init__(
        self, folder: Path, folders: Iterable[Path], key: SigningKey, *, state: Path | None = None
    ) -> None:
        """`folder` is one of `folders`; `state` is where an index of them is kept."""
        self.folder, self.key = folder, key
        keys = frozenset({key.public})
        self._reader = (
            IndexedReader(folders, keys=keys, state=state) if state else LedgerReader(folders, keys=keys)
        )
        self._seen: Ledger | None = None

    def read(self) -> Ledger:
        """The ledger as it is now; signers are asked for this key alone."""
        self._seen = self._reader.read()
        return self._seen

    @property
    def seen(self) -> Ledger:
        """The ledger as it was last read, unless something was written since: then as it is now."""
        return self._seen or self.read()

    def append(self, record: _Kind) -> LedgerEntry[_Kind]:
        """Write an entry below the heads of now; it is on the disk when this returns.

        Raises:
            UnusableInput: it could not be read again; nothing was written.
            CannotWrite: the disk is full or refuses; the ledger is as it was.
        """
        data, entry = self._sealed(record, self.read())
        self._write(entry.digest, data)
        return entry

    @contextmanager
    def announced(self, attempt: Attempt) -> Iterator[LedgerEntry[Attempt]]:
        """Write an attempt below the heads that were seen, and mark it until the block ends well.

        That is when its result is on the disk.

        Raises:
            CannotWrite: the disk is full or refuses; nothing was begun.
        """
        data, entry = self._sealed(attempt, self.seen)
        with under_way(self.folder, entry.digest):
            self._write(entry.digest, data)
            yield entry

    def _sealed(self, record: _Kind, below: Ledger) -> tuple[bytes, LedgerEntry[_Kind]]:
        data = seal_record(record.model_copy(update={"parents": below.heads}), self.key)
        return data, opened_again(data, type(record), self.key)

    def _write(self, digest: str, data: bytes) -> None:
        self._seen = None
        write_new_file(self.folder / f"{digest}.json", data)

    def sweep(self) -> None:
        """Take away the marks that judges left who were killed after their result was on the disk.

        Raises:
            CannotWrite: the folder refuses.
        """
        marks = [path.stem for path in files_of(self.folder, ENDING) if path.with_suffix(".json").exists()]
        # Read after that: a mark whose attempt is written meanwhile is not among them.
        unfinished = {entry.digest for entry in self.read().unfinished} if marks else set()
        for digest in marks:
            if digest not in unfinished:
                clear_mark(self.folder, digest)

    def close(self, attempt: str) -> None:
        """Take away the mark of an attempt that was interrupted, once its result is on the disk."""
        clear_mark(self.folder, attempt)
