"""A ledger that is read as far as it is asked: an index says in which files the answers stand.

It answers as the whole ledger would. What earns or costs credit is read from its file, whatever the index
says of it. How entries hang together comes from the index. A file that was damaged after it was first read
is seen when it is asked for, when it is in the sample, and by `specship evidence verify`, which reads all.
"""

from __future__ import annotations

import contextlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, overload

from specship.errors import CannotWrite, DamagedArtifact
from specship.evidence.attempt import Attempt
from specship.evidence.attempt_mark import Mark
from specship.evidence.entry import LedgerEntry
from specship.evidence.ledger import (
    AnyEntry,
    AskedGate,
    Counts,
    GateEntries,
    Ledger,
    LedgerReader,
)
from specship.evidence.made_artifact import MadeArtifact
from specship.evidence.statement import Opened
from specship.evidence.upkeep.entry_files import EntryFiles
from specship.evidence.upkeep.index import (
    ARTIFACT,
    ATTEMPT,
    AUDITED,
    EVIDENCE,
    Doubted,
    LedgerIndex,
    Row,
    key_of,
    limits_of,
    open_index,
    row_of,
    split,
    told_difference,
    write_index,
)
from specship.evidence.upkeep.listing import Listing
from specship.evidence.upkeep.row_reading import Told, read_rows

FEWEST: Final = 2_000
"""Entries from which on a ledger has an index; fewer are read in less time than people notice."""
UNSETTLED: Final = 500
"""New entries that are read from their files each time, before a new index is written."""

Progress = Told


def untold(_done: int, _total: int) -> None:
    """Nobody is told."""


def _age(row: Row) -> tuple[int, bytes]:
    return row.moment, row.digest


class _Lazy(Sequence[LedgerEntry[MadeArtifact]]):
    """Stage statements in the order in which they were signed, each read when it is looked at."""

    def __init__(self, digests: list[bytes], read: Callable[[bytes], Any]) -> None:
        self._digests, self._read = digests, read

    def __len__(self) -> int:
        return len(self._digests)

    @overload
    def __getitem__(self, place: int) -> LedgerEntry[MadeArtifact]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[LedgerEntry[MadeArtifact]]: ...
    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return _Lazy(self._digests[place], self._read)
        return self._read(self._digests[place])


class IndexedLedger(Ledger):
    """A ledger behind an index, with the entries that are newer than it."""

    def __init__(
        self,
        index: LedgerIndex,
        newer: Sequence[AnyEntry],
        damaged: Iterable[DamagedArtifact],
        reader: IndexedReader,
        doubts: tuple[str, ...],
    ) -> None:
        """`newer` are all entries that the index does not know; `reader` reads the files."""
        self._set(_index=index, _reader=reader, _newer={bytes.fromhex(one.digest): one for one in newer})
        self._set(_rows=[row_of(one) for one in newer], damaged=tuple(damaged), doubts=doubts, marks={})
        named = {one for row in self._rows for one in split(row.named)}
        bonds, fresh = index.bonds, self._newer.keys()
        gone = named - fresh
        known = index.knows(gone)
        attempts = {row.digest for row in self._rows if row.kind == ATTEMPT}
        answered = {row.attempt for row in self._rows} | index.answered(attempts)
        self._set(
            holes=tuple(sorted(one.hex() for one in (bonds.holes | gone) - fresh - known)),
            _heads=tuple(sorted(one.hex() for one in (bonds.heads | fresh) - named - bonds.holes)),
            _unanswered=tuple(sorted((bonds.unanswered | attempts) - answered)),
        )

    def _set(self, **facts: Any) -> None:
        self.__dict__.update(facts)  # the facts of a frozen record, which nothing changes from here on

    _index: LedgerIndex
    _reader: IndexedReader
    _newer: dict[bytes, AnyEntry]
    _rows: list[Row]
    _heads: tuple[str, ...]
    _unanswered: tuple[bytes, ...]

    def entry(self, digest: bytes) -> AnyEntry:
        """One entry, from its file.

        Raises:
            DamagedArtifact: the file is not what its name says; from now on the ledger is not whole.
        """
        try:
            return self._newer.get(digest) or self._reader.entry(digest)
        except DamagedArtifact as error:
            self._spoilt(error)
            raise

    def _spoilt(self, error: DamagedArtifact) -> None:
        if str(error) not in {str(one) for one in self.damaged}:
            self._set(damaged=(*self.damaged, error))

    def found(self, digest: str) -> AnyEntry | None:
        """One entry, read now and not kept; None where there is none that can be read."""
        with contextlib.suppress(DamagedArtifact, ValueError):
            return self._reader.files.entry(bytes.fromhex(digest))
        return None

    def in_order(self) -> Iterator[AnyEntry]:
        """All of them in the order in which they were signed, each read when it is its turn and not kept."""
        indexed = self._index.rows("1 ORDER BY moment, digest")
        for row in heapq.merge(indexed, sorted(self._rows, key=_age), key=_age):
            try:
                yield self._reader.files.entry(row.digest)
            except DamagedArtifact as error:  # since it was first read
                self._spoilt(error)

    @cached_property
    def artifacts(self) -> tuple[LedgerEntry[MadeArtifact], ...]:
        """What stages made."""
        found: Any = self._read(self._where(lambda row: row.kind == ARTIFACT, "kind = ?", (ARTIFACT,)))
        return tuple(found)

    @cached_property
    def entries(self) -> tuple[AnyEntry, ...]:
        """All of them: whoever wants each one reads each file."""
        return LedgerReader.read(self._reader).entries

    def _where(self, says: Callable[[Row], bool], where: str, values: Sequence[Any]) -> list[Row]:
        """Rows in the order in which their entries were signed; `says` tells them as `where` does."""
        found = [*self._index.rows(where, values), *filter(says, self._rows)]
        return sorted(found, key=_age)

    def _read(self, rows: Iterable[Row]) -> Iterator[AnyEntry]:
        for row in rows:
            with contextlib.suppress(DamagedArtifact):  # it is among the damaged ones from now on
                yield self.entry(row.digest)

    @cached_property
    def unfinished(self) -> tuple[LedgerEntry[Attempt], ...]:
        """Attempts without a result."""
        found: list[Any] = []
        for digest in self._unanswered:
            with contextlib.suppress(DamagedArtifact):
                found.append(self.entry(digest))
        return tuple(sorted(found, key=lambda entry: (entry.record.moment, entry.digest)))

    def made_as(self, model: str, profile: str, makes: str) -> Sequence[LedgerEntry[MadeArtifact]]:
        """The stage statements of an artifact, each read when it is looked at."""
        asked = (ARTIFACT, makes, model, profile)
        rows = self._where(
            lambda row: (row.kind, row.gate, row.model, row.profile) == asked,
            "kind = ? AND gate = ? AND model = ? AND profile = ?", asked,
        )  # fmt: skip
        return _Lazy([row.digest for row in rows], self.entry)

    def of_gate(self, gate: str) -> GateEntries:
        """Everything that it holds of a gate."""
        kinds = (EVIDENCE, ATTEMPT)
        rows = self._where(
            lambda row: row.gate == gate and row.kind in kinds, "gate = ? AND kind IN (?, ?)", (gate, *kinds)
        )
        entries: list[Any] = list(self._read(rows))
        attempts = {entry.digest: entry for entry in entries if isinstance(entry.record, Attempt)}
        statements = tuple(entry for entry in entries if isinstance(entry, Opened))
        return GateEntries(statements, attempts, self.unfinished_of(gate))

    def unfinished_of(self, gate: str) -> tuple[tuple[LedgerEntry[Attempt], Mark], ...]:
        """The attempts at a gate that are under way or were interrupted."""
        return tuple(
            (entry, self.marks[entry.digest])
            for entry in self.unfinished
            if entry.record.gate == gate and entry.digest in self.marks
        )

    def about(self, asked: AskedGate, counts: Counts) -> GateEntries:
        """What can count for or against a gate today, and its newest statement that may count at all."""
        limits, subjects = limits_of(asked.gate_digest), key_of(asked.subjects)
        ingredients = key_of(asked.ingredients)
        same = (EVIDENCE, asked.gate, asked.model)
        deciding = self._where(
            lambda row: (
                (row.kind, row.gate, row.model, row.limits) == (*same, limits)
                and (row.subjects == subjects or row.ingredients == ingredients)
            ),
            "(limits = ? AND limits <> x'' AND subjects = ?"
            " OR limits = ? AND limits <> x'' AND ingredients = ?)"
            " AND +kind = ? AND +gate = ? AND +model = ?",
            (limits, subjects, limits, ingredients, *same),
        )
        statements = {entry.digest: entry for entry in self._read(deciding) if isinstance(entry, Opened)}
        attempts: dict[str, LedgerEntry[Attempt]] = {}
        for statement in statements.values():
            self._announced(statement, attempts)
        for entry in self._read(self._own((*same, asked.profile))):
            if isinstance(entry, Opened):
                statements[entry.digest] = entry
                self._announced(entry, attempts)
                if counts(entry, GateEntries((), attempts)):
                    break
        ordered = sorted(statements.values(), key=lambda entry: (entry.record.moment, entry.digest))
        return GateEntries(tuple(ordered), attempts, self.unfinished_of(asked.gate))

    def _own(self, asked: tuple[str, ...]) -> Iterator[Row]:
        """The rows of the statements of a gate, model and profile, the newest first."""
        newest = "kind = ? AND gate = ? AND model = ? AND profile = ? ORDER BY moment DESC, digest DESC"
        rows = (row for row in self._rows if (row.kind, row.gate, row.model, row.profile) == asked)
        return heapq.merge(
            self._index.rows(newest, asked), sorted(rows, key=_age, reverse=True), key=_age, reverse=True
        )

    def _announced(self, statement: Opened, attempts: dict[str, LedgerEntry[Attempt]]) -> None:
        """Read the attempt that a statement names, where it is there."""
        named = statement.evidence.attempt
        if not named or named in self.holes:
            return
        with contextlib.suppress(DamagedArtifact, ValueError):
            entry: Any = self.entry(bytes.fromhex(named))
            if isinstance(entry.record, Attempt):
                attempts[entry.digest] = entry

    @property
    def heads(self) -> tuple[str, ...]:
        """Digests that no other entry names."""
        return self._heads


class IndexedReader(LedgerReader):
    """Reads a ledger with its index where it is large, and keeps the index."""

    def __init__(
        self,
        folders: Iterable[Path],
        *,
        keys: frozenset[bytes],
        state: Path,
        progress: Progress = untold,
        fewest: int = FEWEST,
    ) -> None:
        """`state` is where the index is kept, and this checkout's own key; smaller ledgers have none."""
        super().__init__(folders, keys=keys)
        self._fewest = fewest
        self.files = EntryFiles(self._folders, keys=keys)
        """Reads an entry and does not keep it."""
        self._state, self._progress = state, progress
        self._index: LedgerIndex | None = None
        self._known: dict[bytes, AnyEntry] = {}
        self._doubts: tuple[str, ...] = ()

    def read(self) -> Ledger:
        """The ledger as it is now; whole where it is small, or where no index can be kept."""
        listed = self._listed()
        if len(listed) < self._fewest:
            return super().read()
        try:
            index, newer, damaged = self._indexed(listed)
        except CannotWrite:  # nobody may write here
            return super().read()
        found = IndexedLedger(index, newer, [*damaged, *self.files.no_lines], self, self._doubts)
        marks = self._marks(found)
        if len(marks) < len(found.unfinished) and set(self._listed().names()) != set(listed.names()):
            return self.read()  # a judge writes its result before it takes its mark away
        found._set(marks=marks)  # noqa: SLF001 - a record of this module, not yet given away
        return found

    def entry(self, digest: bytes) -> AnyEntry:
        """An entry that is listed, read once.

        Raises:
            DamagedArtifact: it is not there, or not what its name says.
        """
        if digest not in self._known:
            self._known[digest] = self.files.entry(digest)
        return self._known[digest]

    def _listed(self) -> Listing:
        """The names of all files of the ledger, those included that stand in packs."""
        found = Listing()
        for names in self.files.names():
            found.take(names)
        return found

    @property
    def _key(self) -> bytes:
        with contextlib.suppress(OSError):
            return (self._state / "keys" / "local.ed25519").read_bytes()
        return b""

    def _indexed(self, listed: Listing) -> tuple[LedgerIndex, list[AnyEntry], list[DamagedArtifact]]:
        """An index that knows nothing but what is listed, and the entries that it does not know."""
        try:
            index = self._index or open_index(self._state / "index", self._key)
            fresh, gone = listed.beside(index.digests if index else b"")
            if self._index is None and index is not None:
                self._audit(index, gone)
        except Doubted as doubted:
            return self._rebuilt(listed, doubted)
        self._index = index
        if index is None or gone or len(fresh) > UNSETTLED:
            return self._written(fresh, index, gone)
        return (index, *self._read_all(fresh))

    def _audit(self, index: LedgerIndex, gone: set[bytes]) -> None:
        """Hold some rows of an index against their files.

        Raises:
            Doubted: one says something else.
        """
        for row in index.sample(AUDITED):
            if row.digest not in gone and not self._agrees(row):
                index.close()
                raise Doubted(index.path, f"it disagrees with {row.digest.hex()}.json")

    def _agrees(self, row: Row) -> bool:
        try:
            return row_of(self.entry(row.digest)) == row
        except DamagedArtifact:
            return False

    def _rebuilt(
        self, listed: Listing, doubted: Doubted
    ) -> tuple[LedgerIndex, list[AnyEntry], list[DamagedArtifact]]:
        """An index from the files alone, with what the one before said otherwise."""
        old = doubted.rows()
        with contextlib.suppress(OSError):
            doubted.path.unlink()  # what is built may have that very name
        found = self._written(set(listed.names()), None, set())
        said = told_difference(old, {row.digest: row for row in found[0].rows()})
        told = (
            f"{doubted.path}: the index of the ledger was built again: {doubted.why}\n"
            f"  why:  {said}; nothing is believed that a file does not say\n"
            "  mend: nothing is left to do; `specship evidence verify` reads every file"
        )
        self._doubts = (told,)
        return found

    def _written(
        self, fresh: set[str], old: LedgerIndex | None, gone: set[bytes]
    ) -> tuple[LedgerIndex, list[AnyEntry], list[DamagedArtifact]]:
        """Write an index of what an old one knows, what is gone apart, and of what is fresh; take it."""
        damaged: list[DamagedArtifact] = []

        def rows() -> Iterator[Row]:
            if old is not None:
                yield from (row for row in old.rows() if row.digest not in gone)
            yield from read_rows(self.files, sorted(fresh), self._progress, damaged.append)

        self._index = write_index(self._state / "index", self._key, rows())
        if old is not None:
            old.close()
        return self._index, [], damaged

    def _read_all(self, names: set[str]) -> tuple[list[AnyEntry], list[DamagedArtifact]]:
        read: list[AnyEntry] = []
        damaged: list[DamagedArtifact] = []
        for name in sorted(names):
            entry = self._known.get(_digest(name)) or self.files.read(name)
            if isinstance(entry, DamagedArtifact):
                damaged.append(entry)
            else:
                read.append(entry)
                self._known[_digest(name)] = entry
        return read, damaged


def _digest(name: str) -> bytes:
    """The digest in the name of a file; of names that are none, something that is no digest."""
    try:
        return bytes.fromhex(name.removesuffix(".json"))
    except ValueError:
        return name.encode()


def read_indexed(
    folders: Iterable[Path], *, keys: frozenset[bytes], state: Path, progress: Progress = untold
) -> Ledger:
    """Read a ledger as far as it is asked; nothing that is wrong with one file hides the others."""
    return IndexedReader(folders, keys=keys, state=state, progress=progress).read()
