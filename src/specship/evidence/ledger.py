"""The ledger: an append-only set of entries, one file each, named by the digest of its bytes.

Two branches never write the same name with other bytes, so ledgers merge like sets. Each
entry names the heads its writer saw, of whatever kind; one that is missing while others refer to it
is a hole, and a ledger with holes earns no credit until it is whole again. Neither does one in which an
attempt has no result, unless its judge is still at work or was interrupted.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar, cast

from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact, UnusableInput
from specship.evidence.attempt import Attempt
from specship.evidence.attempt_mark import Mark, mark_of
from specship.evidence.entry import LedgerEntry, LedgerRecord, open_record, seal_record
from specship.evidence.made_artifact import MadeArtifact
from specship.evidence.packs import ENDING, FOLDER, lines_in, read_pack, stamp_of, unpacked
from specship.evidence.receipt import Receipt
from specship.evidence.signing import SigningKey
from specship.evidence.statement import LARGEST_BYTES, Evidence, Opened
from specship.files import write_new_file

KINDS: Final[Mapping[str, type[LedgerRecord]]] = {
    kind.PAYLOAD_TYPE: kind for kind in (Evidence, Attempt, MadeArtifact, Receipt)
}
"""Every kind of entry by its payload's type."""
_NAME: Final = re.compile(r"[0-9a-f]{64}")
_NO_FILES: Final = {errno.ELOOP, errno.ENXIO, errno.EISDIR}
"""How a link, a socket and a folder refuse."""
AnyEntry = LedgerEntry[LedgerRecord]
_Kind = TypeVar("_Kind", bound=LedgerRecord)


@dataclass(frozen=True, slots=True)
class GateEntries:
    """What a ledger holds of one gate, at all profiles."""

    statements: tuple[Opened, ...] = ()
    attempts: Mapping[str, LedgerEntry[Attempt]] = field(default_factory=dict)
    """Those that announced a statement, by digest."""
    unfinished: tuple[tuple[LedgerEntry[Attempt], Mark], ...] = ()
    """Attempts that are under way or were interrupted."""

    def with_result(self, statement: Opened, attempt: LedgerEntry[Attempt]) -> GateEntries:
        """And a statement that was just written."""
        attempts = {**self.attempts, attempt.digest: attempt}
        open_ = tuple(pair for pair in self.unfinished if pair[0].digest != attempt.digest)
        return GateEntries((*self.statements, statement), attempts, open_)


class AskedGate(NamedTuple):
    """What is asked of a ledger: whatever can count for or against one gate as it stands today."""

    gate: str
    model: str
    profile: str
    gate_digest: str
    subjects: Mapping[str, str | None]
    ingredients: Mapping[str, str] | None


Counts = Callable[[Opened, GateEntries], bool]
"""Whether a statement may count at all; a gate's newest one that may is shown where none decides."""


@dataclass(frozen=True)
class Ledger:
    """Entries that could be read, in the order in which they were signed, and what is wrong with the rest."""

    entries: tuple[AnyEntry, ...]
    damaged: tuple[DamagedArtifact, ...]
    """Files that are no entries, or not the bytes their name says."""
    holes: tuple[str, ...]
    """Digests of entries that others refer to and that are missing."""
    marks: Mapping[str, Mark] = field(default_factory=dict)
    """Of attempts without a result, those whose judge is at work or was interrupted."""
    doubts: tuple[str, ...] = ()
    """What was wrong with the index of it; an index earns and costs nothing."""

    def of(self, kind: type[_Kind]) -> tuple[LedgerEntry[_Kind], ...]:
        """The entries of one kind."""
        found = tuple(entry for entry in self.entries if isinstance(entry.record, kind))
        return cast("tuple[LedgerEntry[_Kind], ...]", found)

    def in_order(self) -> Iterator[AnyEntry]:
        """All of them in the order in which they were signed."""
        return iter(self.entries)

    def found(self, digest: str) -> AnyEntry | None:
        """One entry; None where there is none that can be read."""
        return self._by_digest.get(digest)

    @cached_property
    def _by_digest(self) -> Mapping[str, AnyEntry]:
        return {entry.digest: entry for entry in self.entries}

    @cached_property
    def statements(self) -> tuple[Opened, ...]:
        """Evidence."""
        return tuple(entry for entry in self.entries if isinstance(entry, Opened))

    @cached_property
    def attempts(self) -> tuple[LedgerEntry[Attempt], ...]:
        """What was begun."""
        return self.of(Attempt)

    @cached_property
    def artifacts(self) -> tuple[LedgerEntry[MadeArtifact], ...]:
        """What stages made."""
        return self.of(MadeArtifact)

    @cached_property
    def made(self) -> Mapping[tuple[str, str, str], tuple[LedgerEntry[MadeArtifact], ...]]:
        """The stage statements of each artifact of a model at a profile."""
        found: dict[tuple[str, str, str], list[LedgerEntry[MadeArtifact]]] = {}
        for entry in self.artifacts:
            one = entry.record
            found.setdefault((one.model, one.profile, one.makes), []).append(entry)
        return {key: tuple(entries) for key, entries in found.items()}

    @cached_property
    def receipts(self) -> tuple[LedgerEntry[Receipt], ...]:
        """What sessions did."""
        return self.of(Receipt)

    @cached_property
    def unfinished(self) -> tuple[LedgerEntry[Attempt], ...]:
        """Attempts without a result."""
        finished = {entry.evidence.attempt for entry in self.statements}
        return tuple(entry for entry in self.attempts if entry.digest not in finished)

    @cached_property
    def lost(self) -> tuple[LedgerEntry[Attempt], ...]:
        """Attempts whose result was there and is not: they are neither under way nor interrupted."""
        return tuple(entry for entry in self.unfinished if entry.digest not in self.marks)

    @cached_property
    def gates(self) -> Mapping[str, GateEntries]:
        """The statements and attempts of each gate."""
        statements: dict[str, list[Opened]] = {}
        attempts: dict[str, dict[str, LedgerEntry[Attempt]]] = {}
        for statement in self.statements:
            statements.setdefault(statement.evidence.gate, []).append(statement)
        for attempt in self.attempts:
            attempts.setdefault(attempt.record.gate, {})[attempt.digest] = attempt
        open_: dict[str, list[tuple[LedgerEntry[Attempt], Mark]]] = {}
        for attempt in self.unfinished:
            if attempt.digest in self.marks:
                open_.setdefault(attempt.record.gate, []).append((attempt, self.marks[attempt.digest]))
        return {
            gate: GateEntries(
                tuple(statements.get(gate, ())), attempts.get(gate, {}), tuple(open_.get(gate, ()))
            )
            for gate in {*statements, *attempts}
        }

    def of_gate(self, gate: str) -> GateEntries:
        """What it holds of a gate."""
        return self.gates.get(gate, GateEntries())

    def about(self, asked: AskedGate, counts: Counts) -> GateEntries:  # noqa: ARG002 - asked by those that read less
        """What it holds of a gate, or so much of it as decides where the gate stands today."""
        return self.of_gate(asked.gate)

    def unfinished_of(self, gate: str) -> tuple[tuple[LedgerEntry[Attempt], Mark], ...]:
        """The attempts at a gate that are under way or were interrupted."""
        return self.of_gate(gate).unfinished

    def made_as(self, model: str, profile: str, makes: str) -> Sequence[LedgerEntry[MadeArtifact]]:
        """The stage statements of an artifact, in the order in which they were signed."""
        return self.made.get((model, profile, makes), ())

    @property
    def flaws(self) -> int:
        """How many entries are missing or damaged; with any, nothing in it earns credit."""
        return len(self.holes) + len(self.damaged) + len(self.lost)

    @property
    def heads(self) -> tuple[str, ...]:
        """Digests that no other entry names."""
        named = {digest for entry in self.entries for digest in entry.record.named}
        return tuple(sorted(entry.digest for entry in self.entries if entry.digest not in named))


class LedgerReader:
    """Reads the entries of some folders, each file once however often it is asked.

    A file that was read and is gone since is a hole as soon as somebody names it; what was read stays read.
    """

    def __init__(self, folders: Iterable[Path], *, keys: frozenset[bytes]) -> None:
        """`keys` are asked about: those of them that signed an entry are its signers."""
        self._folders, self._keys = tuple(folders), keys
        self._files: dict[Path, AnyEntry | DamagedArtifact] = {}
        self._packs: dict[Path, tuple[tuple[int, ...], list[AnyEntry | DamagedArtifact]]] = {}
        """By what each pack was when it was read."""

    def read(self) -> Ledger:
        """The ledger as it is now; nothing that is wrong with one file hides the others."""
        found = self._gathered()
        marks = self._marks(found)
        if len(marks) < len(found.unfinished):
            # A judge writes its result before it takes its mark away: what had neither has its result now.
            found = self._gathered()
            marks = self._marks(found)
        return replace(found, marks=marks) if marks else found

    def _gathered(self) -> Ledger:
        for path in sorted(path for folder in self._folders for path in files_of(folder)):
            if path not in self._files:
                try:
                    self._files[path] = read_entry(path, self._keys)
                except DamagedArtifact as error:
                    self._files[path] = error
        # Listed after the files: whoever packs removes a file only once its line is there.
        found = [*self._files.values(), *self._packed()]
        opened = {one.digest: one for one in found if not isinstance(one, DamagedArtifact)}
        return gathered(opened.values(), (one for one in found if isinstance(one, DamagedArtifact)))

    def _packed(self) -> Iterator[AnyEntry | DamagedArtifact]:
        for pack in (path for folder in self._folders for path in packs_of(folder)):
            stamp = stamp_of(pack)
            if self._packs.get(pack, ((), []))[0] != stamp or not stamp:
                self._packs[pack] = stamp, list(_entries_of(pack, self._keys))
            yield from self._packs[pack][1]

    def _marks(self, ledger: Ledger) -> dict[str, Mark]:
        digests = (entry.digest for entry in ledger.unfinished)
        found = {digest: [mark_of(folder, digest) for folder in self._folders] for digest in digests}
        return {digest: max(filter(None, marks)) for digest, marks in found.items() if any(marks)}


def files_of(folder: Path, ending: str = ".json") -> list[Path]:
    """The files of a folder that are entries by name, or end otherwise; none where there is no folder.

    Raises:
        UnusableInput: it cannot be listed: what is in it could be a failure.
    """
    return [folder / name for name in names_in(folder, ending)]


def names_in(folder: Path, ending: str = ".json") -> Iterator[str]:
    """The names of such files, in no order.

    Raises:
        UnusableInput: it cannot be listed: what is in it could be a failure.
    """
    try:
        with os.scandir(folder) as listed:
            yield from (name for one in listed if (name := one.name).endswith(ending))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise UnusableInput(
            f"the ledger cannot be listed: {error.strerror}", at=folder,
            why="an entry that nobody reads could be a failure", mend="make the folder readable for you",
        ) from error  # fmt: skip


def packs_of(folder: Path) -> list[Path]:
    """The packs of a ledger's folder.

    Raises:
        UnusableInput: they cannot be listed.
    """
    return sorted(files_of(folder / FOLDER, ENDING))


def _entries_of(pack: Path, keys: frozenset[bytes]) -> Iterator[AnyEntry | DamagedArtifact]:
    try:
        lines = list(lines_in(read_pack(pack), str(pack)))
    except DamagedArtifact as error:
        yield error
        return
    for at, line in lines:
        try:
            yield open_line(line, at, keys=keys)
        except DamagedArtifact as error:
            yield error


def open_line(line: bytes, at: str, *, keys: frozenset[bytes]) -> AnyEntry:
    """The entry that a line of a pack is.

    Raises:
        DamagedArtifact: it is none, or other bytes than its digest promises.
    """
    digest, data = unpacked(line, at)
    return open_entry(Path(f"{digest}.json"), data, keys=keys, at=at)


def read_ledger(folders: Iterable[Path], *, keys: frozenset[bytes]) -> Ledger:
    """Read every entry of some folders; nothing that is wrong with one hides the others."""
    return LedgerReader(folders, keys=keys).read()


def gathered(opened: Iterable[AnyEntry], damaged: Iterable[DamagedArtifact]) -> Ledger:
    """The ledger that some entries are, with the holes that they leave."""
    ordered = sorted(opened, key=lambda entry: (entry.record.moment, entry.digest))
    named = {digest for entry in ordered for digest in entry.record.named}
    return Ledger(tuple(ordered), tuple(damaged), tuple(sorted(named - {entry.digest for entry in ordered})))


def read_entry(path: Path, keys: frozenset[bytes]) -> AnyEntry:
    """The entry in a file of a ledger.

    Raises:
        DamagedArtifact: it is none, has other bytes than its name promises, or cannot be read.
    """
    return open_entry(path, bytes_of(path), keys=keys)


def bytes_of(path: Path) -> bytes:
    """What a file of a ledger holds, opened once: a link is not followed, and a pipe is not waited for.

    Raises:
        DamagedArtifact: it is no regular file, larger than any entry, or cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            about = os.fstat(descriptor)
            if stat.S_ISREG(about.st_mode) and about.st_size <= LARGEST_BYTES:
                return os.read(descriptor, about.st_size + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_FILES:
            raise DamagedArtifact(f"cannot be read: {error.strerror}", at=path) from error
    raise DamagedArtifact("not a regular file of at most 1 MiB", at=path)


def open_entry(path: Path, data: bytes, *, keys: frozenset[bytes], at: str = "") -> AnyEntry:
    """The entry that bytes are, under the name that they have in a ledger; `at` is where they stand.

    Raises:
        DamagedArtifact: they are none, or other bytes than the name promises.
    """
    if len(data) > LARGEST_BYTES or sha256_bytes(data) != path.stem:
        raise DamagedArtifact(
            "its bytes are not the ones its name promises", at=at or path,
            why="a statement is named by the sha256 of its bytes and never changes",
            mend="restore the file from git, or set it aside with `specship evidence mend`"
            if _NAME.fullmatch(path.stem) else "delete it: no entry of a ledger has such a name",
        )  # fmt: skip
    entry = open_record(data, KINDS, keys=keys, at=at or path.name)
    if isinstance(entry.record, Evidence):
        return Opened(entry.digest, entry.record, entry.sealed)
    return entry


def written(folder: Path, digest: str, known: GateEntries, *, keys: frozenset[bytes]) -> GateEntries:
    """What is known of a gate, and the statement that was just written about it.

    Raises:
        DamagedArtifact: it, or the attempt that announced it, is not what its name says.
    """

    def opened(name: str) -> AnyEntry:
        return read_entry(folder / f"{name}.json", keys)

    statement = opened(digest)
    if not isinstance(statement, Opened):
        raise DamagedArtifact("not a statement of evidence", at=folder / f"{digest}.json")
    attempt: Any = opened(statement.evidence.attempt)
    return known.with_result(statement, attempt)


def opened_again(data: bytes, kind: type[_Kind], key: SigningKey) -> LedgerEntry[_Kind]:
    """Bytes that are about to be written, as a reader will find them: else they are never acknowledged.

    Raises:
        UnusableInput: there are more than are read.
    """
    if len(data) > LARGEST_BYTES:
        raise UnusableInput(
            f"the statement has {len(data)} bytes; at most {LARGEST_BYTES} are read",
            at=kind.WORDS, mend="let the probe return fewer notes, or the stage write fewer files",
        )  # fmt: skip
    entry = open_record(data, {kind.PAYLOAD_TYPE: kind}, keys=frozenset({key.public}), at=kind.WORDS)
    return cast("LedgerEntry[_Kind]", entry)


def append(folder: Path, record: LedgerRecord, key: SigningKey) -> str:
    """Write an entry as it is, and return its digest once it is on the disk.

    Raises:
        UnusableInput: the entry could not be read again; nothing was written.
        CannotWrite: the disk is full or refuses; the ledger is as it was.
    """
    data = seal_record(record, key)
    entry = opened_again(data, type(record), key)
    write_new_file(folder / f"{entry.digest}.json", data)
    return entry.digest
