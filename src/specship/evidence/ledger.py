"""The ledger: an append-only set of entries, one file each, named by the digest of its bytes.

Two branches never write the same name with other bytes, so ledgers merge like sets. Each
entry names the heads its writer saw, of whatever kind; one that is missing while others refer to it
is a hole, and a ledger with holes earns no credit until it is whole again. Neither does one in which an
attempt has no result, unless its judge is still at work or was interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact, UnusableInput
from specship.evidence.attempt import Attempt
from specship.evidence.attempt_mark import Mark, mark_of
from specship.evidence.entry import LedgerEntry, LedgerRecord, open_record, seal_record
from specship.evidence.made_artifact import MadeArtifact
from specship.evidence.signing import SigningKey
from specship.evidence.statement import LARGEST_BYTES, Evidence, Opened
from specship.files import write_new_file

KINDS: Final[Mapping[str, type[LedgerRecord]]] = {
    kind.PAYLOAD_TYPE: kind for kind in (Evidence, Attempt, MadeArtifact)
}
"""Every kind of entry by its payload's type."""
AnyEntry = LedgerEntry[LedgerRecord]
_Kind = TypeVar("_Kind", bound=LedgerRecord)


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

    def of(self, kind: type[_Kind]) -> tuple[LedgerEntry[_Kind], ...]:
        """The entries of one kind."""
        found: Any = tuple(entry for entry in self.entries if isinstance(entry.record, kind))
        return found

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
    def unfinished(self) -> tuple[LedgerEntry[Attempt], ...]:
        """Attempts without a result."""
        finished = {entry.evidence.attempt for entry in self.statements}
        return tuple(entry for entry in self.attempts if entry.digest not in finished)

    @cached_property
    def lost(self) -> tuple[LedgerEntry[Attempt], ...]:
        """Attempts whose result was there and is not: they are neither under way nor interrupted."""
        return tuple(entry for entry in self.unfinished if entry.digest not in self.marks)

    @property
    def flaws(self) -> int:
        """How many entries are missing or damaged; with any, nothing in it earns credit."""
        return len(self.holes) + len(self.damaged) + len(self.lost)

    @property
    def heads(self) -> tuple[str, ...]:
        """Digests that no other entry names."""
        named = {digest for entry in self.entries for digest in entry.record.named}
        return tuple(sorted(entry.digest for entry in self.entries if entry.digest not in named))


def read_ledger(folders: Iterable[Path], *, keys: frozenset[bytes]) -> Ledger:
    """Read every entry of some folders; nothing that is wrong with one hides the others."""
    places = tuple(folders)
    files = _read_more(places, {}, keys)
    found = _gathered(files)
    marks = _marks(found, places)
    if len(marks) < len(found.unfinished):
        # A judge writes its result before it takes its mark away: what was without both has the result now.
        found = _gathered(_read_more(places, files, keys))
        marks = _marks(found, places)
    return replace(found, marks=marks) if marks else found


def _marks(ledger: Ledger, folders: tuple[Path, ...]) -> dict[str, Mark]:
    digests = (entry.digest for entry in ledger.unfinished)
    found = {digest: [mark_of(folder, digest) for folder in folders] for digest in digests}
    return {digest: max(filter(None, marks)) for digest, marks in found.items() if any(marks)}


_Files = Mapping[Path, "AnyEntry | DamagedArtifact"]


def _read_more(folders: Iterable[Path], known: _Files, keys: frozenset[bytes]) -> _Files:
    found = dict(known)
    for path in sorted(path for folder in folders for path in folder.glob("*.json")):
        if path not in known:
            try:
                found[path] = _read(path, keys)
            except DamagedArtifact as error:
                found[path] = error
    return found


def _gathered(files: _Files) -> Ledger:
    opened = {one.digest: one for one in files.values() if not isinstance(one, DamagedArtifact)}
    return gathered(opened.values(), (one for one in files.values() if isinstance(one, DamagedArtifact)))


def gathered(opened: Iterable[AnyEntry], damaged: Iterable[DamagedArtifact]) -> Ledger:
    """The ledger that some entries are, with the holes that they leave."""
    ordered = sorted(opened, key=lambda entry: (entry.record.moment, entry.digest))
    named = {digest for entry in ordered for digest in entry.record.named}
    return Ledger(tuple(ordered), tuple(damaged), tuple(sorted(named - {entry.digest for entry in ordered})))


def _read(path: Path, keys: frozenset[bytes]) -> AnyEntry:
    if not path.is_file() or path.is_symlink() or path.stat().st_size > LARGEST_BYTES:
        raise DamagedArtifact("not a regular file of at most 1 MiB", at=path)
    return open_entry(path, path.read_bytes(), keys=keys)


def open_entry(path: Path, data: bytes, *, keys: frozenset[bytes]) -> AnyEntry:
    """The entry that bytes are, under the name that they have in a ledger.

    Raises:
        DamagedArtifact: they are none, or other bytes than the name promises.
    """
    if len(data) > LARGEST_BYTES or sha256_bytes(data) != path.stem:
        raise DamagedArtifact(
            "its bytes are not the ones its name promises", at=path,
            why="a statement is named by the sha256 of its bytes and never changes",
            mend="restore the file from git, or delete it and measure again",
        )  # fmt: skip
    entry = open_record(data, KINDS, keys=keys, at=path.name)
    if isinstance(entry.record, Evidence):
        return Opened(entry.digest, entry.record, entry.sealed)
    return entry


def seal_entry(record: LedgerRecord, key: SigningKey) -> tuple[str, bytes]:
    """Digest and bytes of an entry that can be read again.

    Raises:
        UnusableInput: it has more bytes than are read.
    """
    data = seal_record(record, key)
    digest = sha256_bytes(data)
    if len(data) > LARGEST_BYTES:
        raise UnusableInput(
            f"the statement has {len(data)} bytes; at most {LARGEST_BYTES} are read",
            at=str(getattr(record, "gate", record.WORDS)), mend="let the probe return fewer notes",
        )  # fmt: skip
    open_record(data, KINDS, keys=frozenset(), at=digest)  # what cannot be read again is never acknowledged
    return digest, data


def append(folder: Path, record: LedgerRecord, key: SigningKey) -> str:
    """Write an entry and return its digest once it is on the disk.

    Raises:
        UnusableInput: the entry could not be read again; nothing was written.
        CannotWrite: the disk is full or refuses; the ledger is as it was.
    """
    digest, data = seal_entry(record, key)
    write_new_file(folder / f"{digest}.json", data)
    return digest
