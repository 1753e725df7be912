"""Text that a program printed while it trained: its lines without colours, and what they say of steps.

A bar of tqdm is written over itself by carriage returns: each of its states counts as a text of the line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from specship.bounds import LOG_BYTES
from specship.errors import SpecshipError
from specship.pipeline.run_logs.facts import Line
from specship.strict_json import open_regular, read_bytes

_COLOUR: Final = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")
_LONGEST: Final = 16 << 10
"""Characters of a text beyond which it is no line about a step."""
_BEGINNING: Final = 256 << 10
"""Bytes in which a log must say something of a step to be known as one."""
NAMES: Final = ("*.log", "*.txt", "*.out", "*.err", "logs/*.log", "logs/*.txt")
"""What people call the file that they send such text to."""
FIGURE: Final = r"[-+]?(?:[0-9][0-9,]{0,30}(?:\.[0-9]{0,30})?(?:[eE][-+]?[0-9]{1,3})?|nan|inf)"
"""A figure, thousands perhaps apart by commas."""


def figure(text: str | None) -> float | None:
    """The figure of a text that `FIGURE` matches; None of None."""
    return None if text is None else float(text.replace(",", ""))


def whole(text: str) -> int:
    """The whole number of a text of digits, thousands perhaps apart by commas."""
    return int(text.replace(",", ""))


def texts(path: Path) -> Iterator[tuple[Line, str, bool]]:
    """Each text of a log with its line, and whether it is whole: nothing shows that a last line is.

    Raises:
        DamagedArtifact: it cannot be read, or is beyond its bound.
    """
    yield from _texts(path.name, read_bytes(path, LOG_BYTES))


def begins(pattern: re.Pattern[str]) -> Callable[[Path], bool]:
    """Whether a log says, near its beginning, what a pattern finds."""

    def found(path: Path) -> bool:
        try:
            with open_regular(path) as (file, _):
                data = file.read(_BEGINNING)
        except (OSError, SpecshipError):
            return False
        return any(pattern.search(text) for _, text, _ in _texts(path.name, data))

    return found


def _texts(file: str, data: bytes) -> Iterator[tuple[Line, str, bool]]:
    lines = data.decode("utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines, start=1):
        for text in line.split("\r"):
            if text and len(text) <= _LONGEST:
                yield Line(file, number), _COLOUR.sub("", text), number < len(lines)


def cut(line: Line) -> str:
    """What is said of a last line that has no end."""
    return f"{line} has no newline: it may have been cut while it was written"


def some(value: float | None) -> float | None:
    """A number that is above zero and finite."""
    return value if value is not None and 0 < value < math.inf else None
