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

from specship.errors import CannotWrite
from specship.evidence.attempt import Attempt
from specship.evidence.ledger import AnyEntry
from specship.evidence.made_artifact import MadeArtifact
from specship.evidence.statement import Evidence
from specship.files import write_new_file

FORMAT: Final = "specship-index/2"
AUDITED: Final = 16
"""Rows that are held against their files whenever an index is opened."""
DIGEST_BYTES: Final = 32
_SUFFIX: Final = ".sqlite"
_LARGEST_BYTES: Final = 4 << 30
_COLUMNS: Final = {
    "digest": "BLOB", "topic": "INTEGER", "moment": "INTEGER", "limits": "BLOB", "subjects": "BLOB",
    "ingredients": "BLOB", "attempt": "BLOB", "named": "BLOB",
}  # fmt: skip
_SCHEMA: Final = (
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE topics (topic INTEGER PRIMARY KEY, kind TEXT, gate TEXT, model TEXT, profile TEXT)",
    f"CREATE TABLE entries ({', '.join(f'{name} {kind} NOT NULL' for name, kind in _COLUMNS.items())})",
)
_ORDERS: Final = (
    "CREATE UNIQUE INDEX by_topic ON topics (kind, gate, model, profile)",
    "CREATE UNIQUE INDEX by_digest ON entries (digest)",
    "CREATE INDEX by_moment ON entries (topic, moment)",
    "CREATE INDEX same_bytes ON entries (limits, subjects) WHERE limits <> x''",
    "CREATE INDEX same_making ON entries (limits, ingredients) WHERE limits <> x''",
    "CREATE INDEX answers ON entries (attempt) WHERE attempt <> x''",
)
"""Made once all rows are there, which takes less time than row by row."""
_ROWS: Final = (
    "SELECT digest, kind, moment, gate, model, profile, limits, subjects, ingredients, attempt, named"
    " FROM entries JOIN topics USING (topic) WHERE "
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
    """Of the gate's digest, enough to tell it. What a gate was measured on is told of evidence alone."""
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
    return _short(json.dumps(sorted(names.items())))


def limits_of(gate_digest: str) -> bytes:
    """What tells one state of a gate from another."""
    return _short(gate_digest)


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def row_of(entry: AnyEntry) -> Row:
    """What an index keeps of an entry."""
    record = entry.record
    gate = model = profile = ""
    limits = subjects = ingredients = attempt = b""
    if isinstance(record, Evidence):
        gate, model, profile = record.gate, record.model, record.profile
        limits, subjects = limits_of(record.gate_digest), key_of(record.subjects)
        ingredients = key_of(record.ingredients)
        attempt = _raw(record.attempt) if record.attempt else b""
    elif isinstance(record, Attempt):
        gate, model, profile = record.gate, record.model, record.profile
    elif isinstance(record, MadeArtifact):
        gate, model, profile = record.makes, record.model, record.profile
    return Row(
        bytes.fromhex(entry.digest), _KINDS.get(type(record), ""), _microseconds(record.moment), gate, model,
        profile, limits, subjects, ingredients, attempt, b"".join(map(_raw, dict.fromkeys(record.named))),
    )  # fmt: skip


def _raw(digest: str) -> bytes:
    """The 32 bytes of a digest; what is no digest names an entry that can never be there."""
    with contextlib.suppress(ValueError):
        if len(raw := bytes.fromhex(digest)) == DIGEST_BYTES:
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
            if found != {*_SCHEMA, *_ORDERS}:
                raise ValueError("another schema")
            facts = dict(self._base.execute("SELECT name, value FROM facts"))
            if facts.get("format") != FORMAT.encode():
                raise ValueError("another format")
            self.bonds = Bonds(*(frozenset(split(facts[name])) for name in Bonds._fields))
            self.digests: bytes = facts["digests"]
            """Of every entry that it knows, in order, one after the other."""
        except BaseException:
            self._base.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def rows(self, where: str = "1", values: Sequence[Any] = ()) -> Iterator[Row]:
        """Some rows, all of them unless told."""
        return map(Row._make, self._base.execute(f"{_ROWS}{where}", values))

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
        return {one for one in attempts for _ in self.rows("attempt = ? AND attempt <> x'' LIMIT 1", (one,))}


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
        for statement in _SCHEMA:
            base.execute(statement)
        gathered = _Gathering()
        base.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", map(gathered.seen, rows))
        topics = ((number, *topic) for topic, number in gathered.topics.items())
        base.executemany("INSERT INTO topics VALUES (?, ?, ?, ?, ?)", topics)
        for statement in _ORDERS:
            base.execute(statement)
        base.executemany("INSERT INTO facts VALUES (?, ?)", gathered.facts().items())
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
    """What is said of all entries together, from their rows as they pass."""

    def __init__(self) -> None:
        self.topics: dict[tuple[str, str, str, str], int] = {}
        """A number for each kind, gate, model and profile."""
        self._present: set[bytes] = set()
        self._named: set[bytes] = set()
        self._attempts: set[bytes] = set()
        self._answered: set[bytes] = set()

    def seen(self, row: Row) -> tuple[Any, ...]:
        digest, kind, moment, gate, model, profile, *rest, attempt, named = row
        self._present.add(digest)
        self._named.update(split(named))
        if kind == ATTEMPT:
            self._attempts.add(digest)
        if attempt:
            self._answered.add(attempt)
        topic = self.topics.setdefault((kind, gate, model, profile), len(self.topics))
        return digest, topic, moment, *rest, attempt, named

    def facts(self) -> dict[str, bytes]:
        bonds = Bonds(
            heads=frozenset(self._present - self._named),
            holes=frozenset(self._named - self._present),
            unanswered=frozenset(self._attempts - self._answered),
        )
        return {
            "format": FORMAT.encode(),
            "digests": b"".join(sorted(self._present)),
            **{name: b"".join(sorted(one)) for name, one in bonds._asdict().items()},
        }


def split(digests: bytes | bytearray) -> list[bytes]:
    """Digests that stand one after the other."""
    data = bytes(digests)
    return [data[at : at + DIGEST_BYTES] for at in range(0, len(data), DIGEST_BYTES)]


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
