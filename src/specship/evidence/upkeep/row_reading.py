"""Rows of an index from the files of many entries, half of them read by a process of its own.

    python -I -m specship.evidence.upkeep.row_reading FOLDER...  < names, one a line  > rows, one a line

The other process is this one's own code on the same files. What it has no row for is read here, so that
nothing is missing where it was ended, and each damaged file is told by who asked.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from specship.errors import DamagedArtifact, SpecshipError
from specship.evidence.upkeep.entry_files import EntryFiles
from specship.evidence.upkeep.index import Row, row_of
from specship.interpreter import isolated

FEWEST_SHARED: Final = 10_000
"""Files from which on a second process takes half; it needs a second to begin."""
TOLD_EVERY: Final = 1_000
"""Files after which it is told how far the reading is."""
Told = Callable[[int, int], None]
"""Gets how many files of how many were read."""
_TEXTS: Final = slice(1, 6)
"""The fields of a row that are no bytes: kind to profile."""


def read_rows(files: EntryFiles, names: Sequence[str], told: Told, damaged: Callable[[DamagedArtifact], None],
              *, fewest_shared: int = FEWEST_SHARED) -> Iterator[Row]:  # fmt: skip
    """The row of each entry that can be read, in no order; the others are given to `damaged`."""
    total = len(names)
    shared = total // 2 if total >= fewest_shared else 0
    with _helped(files, names[:shared]) as theirs:
        pace = 2 if shared else 1
        for number, name in enumerate(names[shared:]):
            if number % TOLD_EVERY == 0:
                told(min(pace * number, total), total)
            yield from _row(files, name, damaged)
        for name, row in zip(names[:shared], theirs(), strict=True):
            if row is None:
                yield from _row(files, name, damaged)
            else:
                yield row
    told(total, total)


def _row(files: EntryFiles, name: str, damaged: Callable[[DamagedArtifact], None]) -> Iterator[Row]:
    entry = files.read(name)
    if isinstance(entry, DamagedArtifact):
        damaged(entry)
    else:
        yield row_of(entry)


@contextlib.contextmanager
def _helped(files: EntryFiles, names: Sequence[str]) -> Iterator[Callable[[], Iterator[Row | None]]]:
    """Another process that reads some files meanwhile; gives what waits for it: a row or None a name."""
    with contextlib.ExitStack() as held:
        child, answer = _started(files, names, held) if names else (None, None)

        def rows() -> Iterator[Row | None]:
            if child is not None:
                child.wait()
            if answer is not None:
                answer.seek(0)
            for name in names:
                yield _received(answer.readline() if answer else b"", name)

        try:
            yield rows
        finally:
            if child is not None:
                child.kill()
                child.wait()


def _started(
    files: EntryFiles, names: Sequence[str], held: contextlib.ExitStack
) -> tuple[subprocess.Popen[bytes] | None, IO[bytes] | None]:
    """The process and where its answer is; nothing where none can be had here."""
    try:
        asked = held.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - held
        answer = held.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - held
        asked.write("".join(f"{name}\n" for name in names).encode(errors="surrogateescape"))
        asked.seek(0)
        command = isolated(__name__, *(str(folder.absolute()) for folder in files.folders))
        child = subprocess.Popen(command, stdin=asked, stdout=answer, stderr=subprocess.DEVNULL)  # noqa: S603
    except (OSError, SpecshipError):
        return None, None
    return child, answer


def _sent(row: Row) -> bytes:
    values = [value.hex() if isinstance(value, bytes) else value for value in row]
    return json.dumps(values).encode() + b"\n"


def _received(line: bytes, name: str) -> Row | None:
    """A row as it was sent; None where the line is none of this name, as when the process was ended."""
    with contextlib.suppress(ValueError, TypeError, IndexError):
        values = json.loads(line)
        if f"{values[0]}.json" == name:
            texts = values[_TEXTS]
            return Row(bytes.fromhex(values[0]), *texts, *map(bytes.fromhex, values[_TEXTS.stop :]))
    return None


def main() -> None:
    """Answer each name of standard input with its row, or with `null`."""
    files = EntryFiles(map(Path, sys.argv[1:]), keys=frozenset())
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        entry = files.read(line[:-1].decode(errors="surrogateescape"))
        out.write(b"null\n" if isinstance(entry, DamagedArtifact) else _sent(row_of(entry)))
    out.flush()


if __name__ == "__main__":
    main()
