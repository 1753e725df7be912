"""Append-only JSON Lines that survive a kill: whole lines, repaired and cut back on resume."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specship.errors import DamagedArtifact
from specship.files import write_errors, write_file
from specship.strict_json import parse, raw_lines


class JsonLog:
    """A file that grows by one record a line; each record is one write of whole bytes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with write_errors(path):
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record.

        Raises:
            CannotWrite: the disk is full or refuses; a part of the line may stay, for `repair` to cut.
            ValueError: the record holds NaN or infinity, which JSON does not have.
        """
        view = memoryview((json.dumps(record, allow_nan=False) + "\n").encode())
        with write_errors(self._path):
            while view:
                view = view[os.write(self._descriptor, view) :]

    def sync(self) -> None:
        """Wait until every record is on the disk."""
        with write_errors(self._path):
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._descriptor)


@dataclass(frozen=True, slots=True)
class Repair:
    """What cutting a log back took away."""

    kept: int
    dropped: int
    """Whole records that the resumed run will write again."""
    cut_bytes: int
    """Bytes of a last line that was cut while it was written."""


def whole_lines(path: Path) -> tuple[list[tuple[bytes, dict[str, Any]]], bytes]:
    """Lines with their records, and what is left of a last line that a kill cut short.

    Raises:
        DamagedArtifact: a line that ends with a newline is not a JSON object within the bounds.
    """
    found: list[tuple[bytes, dict[str, Any]]] = []
    for place, line in raw_lines(path) if path.exists() else ():
        if not line.endswith(b"\n"):
            return found, line
        record = parse(line[:-1], place)
        if not isinstance(record, dict):
            raise DamagedArtifact(
                "not a JSON object",
                at=place,
                why="only the last line of a log can be cut by a kill, and then it has no newline",
                mend="start the run again in an empty folder",
            )
        found.append((line, record))
    return found, b""


def repair(path: Path, keep: Callable[[dict[str, Any]], bool]) -> Repair:
    """Rewrite a log to the records that `keep` wants, without a last line that was cut.

    Raises:
        DamagedArtifact: a line that ends with a newline is not a JSON object within the bounds.
        CannotWrite: the disk is full or refuses.
    """
    lines, cut = whole_lines(path)
    wanted = [line for line, record in lines if keep(record)]
    if cut or len(wanted) < len(lines):
        write_file(path, b"".join(wanted))
    return Repair(len(wanted), len(lines) - len(wanted), len(cut))
