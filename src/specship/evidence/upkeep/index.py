"""An index of a ledger: which file speaks of what, so that few of many thousand have to be read.

It is a cache. Files are written and never changed, so what was read of one holds as long as its name stands
there; whatever earns or costs credit is read from its file again, and its signature verified. The index says
only which files those are, and how entries hang together.

It is written whole, under a name that is a digest of its bytes keyed with this checkout's own key, and never
changed. One that has other bytes than its name says was edited by somebody: it is doubted, built again from
the files, and the difference is told. So is one that disagrees with a file when some, taken at random, are
read again. Whoever has this checkout's key can forge it, and can delete the ledger too.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from specship.digests import digest_of
from specship.errors import CannotWrite
from specship.evidence.attempt import Attempt
from specship.evidence.ledger import AnyEntry
from specship.evidence.made_artifact import MadeArtifact
from specship.evidence.statement import Evidence
from specship.files import write_new_file

FORMAT: Final = "specship-index/1"
AUDITED: Final = 16
"""Rows that are held against their files whenever an index is opened."""
_SUFFIX: Final = ".sqlite"
_LARGEST_BYTES: Final = 4 << 30
_COLUMNS: Final = {
    "digest": "BLOB PRIMARY KEY", "kind": "TEXT", "moment": "INTEGER", "gate": "TEXT", "model": "TEXT",
    "profile": "TEXT", "limits": "BLOB", "subjects": "BLOB", "ingredients": "BLOB", "attempt": "BLOB",
    "named": "BLOB",
}  # fmt: skip
_LISTED: Final = ", ".join(f"{name} {kind} NOT NULL" for name, kind in _COLUMNS.items())
_TABLES: Final = (
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    f"CREATE TABLE entries ({_LISTED}) WITHOUT ROWID",
)
_ORDERS: Final = (
    "CREATE INDEX told ON entries (kind, gate, model, profile, moment)",
    "CREATE INDEX same_bytes ON entries (limits, subjects)",
    "CREATE INDEX same_making ON entries (limits, ingredients)",
    "CREATE INDEX answers ON entries (attempt)",
)
EVIDENCE: Final = "evidence"
ATTEMPT: Final = "attempt"
ARTIFACT: Final = "artifact"
_KINDS: Final[Mapping[type, str]] = {Evidence: EVIDENCE, Attempt: ATTEMPT, MadeArtifact: ARTIFACT}
"""Kinds that are looked up; the others are bonds alone."""


class Row(NamedTuple):
    """What is known of one entry without its file."""

    digest: bytes
    kind: str
    moment: int
    """When it was signed, microseconds since 1970."""
    gate: str
    """Of a stage statement, what it makes."""
    model: str
    profile: str
    limits: bytes
    """Of the gate's digest, enough to tell it."""
    subjects: bytes
    ingredients: bytes
    attempt: bytes
    named: bytes
    """Digests of the entries that it refers to, one after the other."""


def _short(digest: str) -> bytes:
    return hashlib.sha256(digest.encode()).digest()[:16] if digest else b""


def key_of(names: Mapping[str, str | None] | None) -> bytes:
    """What tells one mapping of artifacts from another; nothing where one of them is not known."""
    if names is None or None in names.values():
        return b""
    return _short(digest_of(dict(names)))


def limits_of(gate_digest: str) -> bytes:
    """What tells one state of a gate from another."""
    return _short(gate_digest)


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def row_of(entry: AnyEntry) -> Row:
    """What an index keeps of an entry."""
    record = entry.record
    gate = model = profile = attempt = ""
    limits = subjects = ingredients = b""
    if isinstance(record, Evidence | Attempt):
        gate, model, profile = record.gate, record.model, record.profile
        limits, subjects = limits_of(record.gate_digest), key_of(record.subjects)
        ingredients = key_of(record.ingredients)
        attempt = record.attempt if isinstance(record, Evidence) else ""
    elif isinstance(record, MadeArtifact):
        gate, model, profile = record.makes, record.model, record.profile
    named = b"".join(_raw(name) for name in record.named)
    return Row(
        bytes.fromhex(entry.digest), _KINDS.get(type(record), ""), _microseconds(record.moment), gate, model,
        profile, limits, subjects, ingredients, _raw(attempt) if attempt else b"", named,
    )  # fmt: skip


def _raw(digest: str) -> bytes:
    """The 32 bytes of a digest; what is no digest names an entry that can never be there."""
    with contextlib.suppress(ValueError):
        if len(raw := bytes.fromhex(digest)) == 32:
            return raw
    return hashlib.sha256(b"no digest: " + digest.encode()).digest()


class Bonds(NamedTuple):
    """How entries hang together."""

    heads: frozenset[bytes]
    holes: frozenset[bytes]
    unanswered: frozenset[bytes]
    """Attempts that no statement names as its own."""


class LedgerIndex:
    """One index, open for reading; its bytes were verified."""

    def __init__(self, path: Path) -> None:
        """Raises sqlite3.Error or ValueError: it is no index of this format."""
        self.path = path
        self._base = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        try:
            self._base.execute("PRAGMA trusted_schema = OFF")
            found = {
                text for (text,) in self._base.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
            }
            if found != {*_TABLES, *_ORDERS}:
                raise ValueError("another schema")
            facts = dict(self._base.execute("SELECT name, value FROM facts"))
            if facts.get("format") != FORMAT:
                raise ValueError("another format")
            self.bonds = Bonds(
                *(frozenset(map(bytes.fromhex, json.loads(facts[name]))) for name in Bonds._fields)
            )
        except BaseException:
            self._base.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def digests(self) -> set[bytes]:
        """Of every entry that it knows."""
        return {digest for (digest,) in self._base.execute("SELECT digest FROM entries")}

    def rows(self, where: str = "1", values: Sequence[Any] = ()) -> Iterator[Row]:
        """Some rows, all of them unless told."""
        return map(Row._make, self._base.execute(f"SELECT * FROM entries WHERE {where}", values))  # noqa: S608

    def sample(self, count: int) -> list[Row]:
        """Some rows at random: the first behind a random digest each."""
        drawn = (os.urandom(32) for _ in range(count))
        return [
            row for digest in drawn for row in self.rows("digest >= ? ORDER BY digest LIMIT 1", (digest,))
        ]

    def knows(self, digests: Iterable[bytes]) -> set[bytes]:
        """Those of some digests that it has a row for."""
        return {one for one in digests for _ in self.rows("digest = ?", (one,))}

    def answered(self, attempts: Iterable[bytes]) -> set[bytes]:
        """Those of some attempts that a statement names as its own."""
        return {one for one in attempts for _ in self.rows("attempt = ? LIMIT 1", (one,))}


def _keyed(key: bytes, data: Any) -> str:
    return hmac.new(hashlib.sha256(b"specship-index:" + key).digest(), data, "sha256").hexdigest()


def _keyed_file(path: Path, key: bytes) -> str:
    made = hmac.new(hashlib.sha256(b"specship-index:" + key).digest(), digestmod="sha256")
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            made.update(block)
    return made.hexdigest()


class Doubted(Exception):
    """An index that somebody edited, or that disagrees with a file."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(why)
        self.path, self.why = path, why

    def rows(self) -> dict[bytes, Row] | None:
        """What it says of each entry; None where it cannot be read."""
        try:
            index = LedgerIndex(self.path)
        except (sqlite3.Error, ValueError, KeyError, TypeError):
            return None
        try:
            return {row.digest: row for row in index.rows()}
        except (sqlite3.Error, ValueError, TypeError):
            return None
        finally:
            index.close()


def open_index(folder: Path, key: bytes) -> LedgerIndex | None:
    """The newest index of a folder; None where there is none that can be read here.

    Raises:
        Doubted: its bytes are not the ones its name promises.
    """
    with contextlib.suppress(OSError):
        paths = [path for path in folder.iterdir() if path.suffix == _SUFFIX]
        for path in sorted(paths, key=lambda one: one.lstat().st_mtime_ns, reverse=True)[:1]:
            regular = path.is_file() and not path.is_symlink() and path.stat().st_size <= _LARGEST_BYTES
            if not regular or _keyed_file(path, key) != path.stem:
                if regular and key and _keyed_file(path, b"") == path.stem:
                    return None  # made before this checkout had a key
                raise Doubted(path, "its bytes are not the ones its name promises")
            with contextlib.suppress(sqlite3.Error, ValueError, KeyError, TypeError):
                return LedgerIndex(path)  # else one of another version of specship
    return None


def write_index(folder: Path, key: bytes, rows: Iterable[Row]) -> LedgerIndex:
    """Write an index whole, and take away the ones before it.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    base = sqlite3.connect(":memory:")
    try:
        for statement in _TABLES:
            base.execute(statement)
        marks = ", ".join("?" * len(Row._fields))
        bonds = _Gathering()
        base.executemany(f"INSERT INTO entries VALUES ({marks})", map(bonds.seen, rows))  # noqa: S608
        for statement in _ORDERS:
            base.execute(statement)
        base.executemany("INSERT INTO facts VALUES (?, ?)", bonds.facts().items())
        base.commit()
        data = base.serialize()
    finally:
        base.close()
    path = folder / f"{_keyed(key, data)}{_SUFFIX}"
    write_new_file(path, data)
    with contextlib.suppress(OSError):
        for older in folder.iterdir():
            if older.suffix == _SUFFIX and older != path:
                older.unlink()
    try:
        return LedgerIndex(path)
    except (sqlite3.Error, ValueError) as error:
        raise CannotWrite(f"the index cannot be read again: {error}", at=path, mend="delete it") from error


class _Gathering:
    """The bonds of entries, from their rows as they pass."""

    def __init__(self) -> None:
        self.present: set[bytes] = set()
        self.named: set[bytes] = set()
        self.attempts: set[bytes] = set()
        self.answered: set[bytes] = set()

    def seen(self, row: Row) -> Row:
        self.present.add(row.digest)
        self.named.update(row.named[at : at + 32] for at in range(0, len(row.named), 32))
        if row.kind == ATTEMPT:
            self.attempts.add(row.digest)
        self.answered.add(row.attempt)
        return row

    def facts(self) -> dict[str, str]:
        bonds = {
            "heads": self.present - self.named,
            "holes": self.named - self.present,
            "unanswered": self.attempts - self.answered,
        }
        return {
            "format": FORMAT,
            **{name: json.dumps(sorted(map(bytes.hex, one))) for name, one in bonds.items()},
        }


def told_difference(said: Mapping[bytes, Row] | None, true: Mapping[bytes, Row]) -> str:
    """In what an index that is doubted differs from the files."""
    if said is None:
        return "what it said cannot be read"
    differing = sorted(one for one in said.keys() | true.keys() if said.get(one) != true.get(one))
    shown = (
        f"{(true.get(one) or said[one]).gate or 'an entry'} (sha256:{one.hex()[:12]}…)"
        for one in differing[:3]
    )
    names = f": {', '.join(shown)}" if differing else ""
    return f"{len(differing)} of {len(true)} entries stood in it otherwise than in their files{names}"
