"""Problems and completions as JSON Lines, plain or gzip, read strictly and within the bounds of `bounds`.

A problem has exactly task_id, prompt, entry_point, canonical_solution and test, all texts. A completion
has task_id and completion; other keys are refused. Whoever names a problem file trusts its tests: they run.
"""

from __future__ import annotations

import keyword
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from specship.bounds import COMPLETION_LINES, JSON_REPORT_BYTES
from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact, Place, UnusableInput, did_you_mean
from specship.strict_json import parse, read_bytes

_GZIP: Final = b"\x1f\x8b"
_PROBLEM: Final = ("task_id", "prompt", "entry_point", "canonical_solution", "test")
PROBLEMS: Final = 10_000
"""Most problems of a file; HumanEval has 164."""
TEXT_BYTES: Final = 256 << 10
"""Longest text of a problem, in UTF-8."""
_COMPLETION: Final = ("task_id", "completion")


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem; `canonical_solution` continues the prompt."""

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

    @property
    def key(self) -> tuple[str, int]:
        """What names it."""
        return self.task_id, self.index


@dataclass(frozen=True, slots=True)
class ProblemFile:
    """Problems by id, and the sha256 of the uncompressed bytes they were read from."""

    problems: dict[str, Problem]
    sha256: str


@dataclass(frozen=True, slots=True)
class CompletionFile:
    """Completions in the order of the file, and the sha256 of its uncompressed bytes."""

    samples: tuple[Sample, ...]
    sha256: str
    generated: dict[str, Any] | None = None
    """Model and settings, where a model wrote them; then only the samples of the shard are here."""
    total: int | None = None
    """Samples of the whole evaluation, where only a shard of them is here."""

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


def _records(data: bytes, path: Path, keys: tuple[str, ...]) -> Iterator[tuple[Place, dict[str, str]]]:
    for number, line in enumerate(data.split(b"\n"), start=1):
        place = Place(str(path), line=number)
        if not line.strip():
            continue
        record = parse(line, place)
        _check(record, keys, place)
        yield place, record


def _check(record: Any, keys: tuple[str, ...], place: Place) -> None:
    if not isinstance(record, dict):
        raise DamagedArtifact("not a JSON object", at=place, mend=f"write one object a line with {keys}")
    for key in record:
        if key not in keys:
            mend = did_you_mean(key, keys) or f"the keys are {', '.join(keys)}"
            raise DamagedArtifact(f"unknown key {key[:80]!r}", at=place, mend=mend)
    for key in keys:
        if not isinstance(record.get(key), str):
            raise DamagedArtifact(f"{key!r} is missing or no text", at=place, mend=f"give {key!r} a text")


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
    for place, record in _records(data, path, _PROBLEM):
        problem = _problem(record, place)
        if not problem.task_id or problem.task_id in found:
            raise DamagedArtifact(
                f"the task {problem.task_id[:80]!r} is there twice or has no name", at=place
            )
        found[problem.task_id] = problem
        if len(found) > PROBLEMS:
            raise DamagedArtifact(f"more than {PROBLEMS} problems", at=place)
    if not found:
        raise DamagedArtifact("holds no problem", at=path, mend="name a HumanEval JSON Lines file")
    return ProblemFile(found, sha256_bytes(data))


def read_completions(path: Path, problems: ProblemFile) -> CompletionFile:
    """The completions of a file, each of a known problem.

    Raises:
        DamagedArtifact: it is no such file, or a line of it is none; with the line.
        UnusableInput: it holds no completion.
    """
    data = plain_bytes(path)
    samples: list[Sample] = []
    counts: dict[str, int] = {}
    for place, record in _records(data, path, _COMPLETION):
        task = record["task_id"]
        if task not in problems.problems:
            mend = did_you_mean(task, problems.problems) or "give the problem file that the model was asked"
            raise DamagedArtifact(f"no problem is called {task[:80]!r}", at=place, mend=mend)
        samples.append(Sample(task, counts.get(task, 0), record["completion"]))
        counts[task] = counts.get(task, 0) + 1
        if len(samples) > COMPLETION_LINES:
            raise DamagedArtifact(f"more than {COMPLETION_LINES} completions", at=place)
    if not samples:
        raise UnusableInput("holds no completion", at=path, mend="one object a line: task_id and completion")
    return CompletionFile(tuple(samples), sha256_bytes(data))
