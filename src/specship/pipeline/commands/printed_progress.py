"""How far a command is, from the lines that it prints anyway.

Understood are lines of JSON (`{"step": 37, "total": 100, "loss": 2.1}`, or `done` for `step`), the bars of
tqdm and of a Trainer (`37%|███   | 37/100 [00:12<00:21]`), and a Trainer's figures (`{'loss': 2.1}`).
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from specship.pipeline.progress import Progress

_LONGEST_LINE: Final = 4096
_ENDS: Final = re.compile(rb"[\r\n]")
_BAR: Final = re.compile(r"\d+%\|[^|]*\|\s*([0-9][0-9.]*)([kMGT]?)/([0-9][0-9.]*)([kMGT]?)\s")
_SCALE: Final[Mapping[str, float]] = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,30}")
_UNIT: Final = re.compile(r"[a-z][a-z_/]{0,30}")
_OURS: Final = frozenset({"unit", "event", "seconds_left"})
_DONE: Final = ("step", "done", "global_step")
_TOTAL: Final = ("total", "total_steps", "max_steps")
_MOST_FIGURES: Final = 8


class PrintedProgress:
    """Takes what a command prints, as it comes, and reports from it."""

    def __init__(self, report: Progress) -> None:
        self._report = report
        self._line = b""
        self._done, self._total, self._unit = 0.0, 0.0, "steps"

    def take(self, data: bytes) -> None:
        """Some more bytes; a line that is too long is skipped."""
        *whole, rest = _ENDS.split(self._line + data)
        for line in whole:
            if 0 < len(line) <= _LONGEST_LINE:
                self._read(line.decode(errors="replace").strip())
        self._line = rest[: _LONGEST_LINE + 1]

    def _read(self, line: str) -> None:
        if line.startswith("{") and line.endswith("}"):
            told = _object(line)
            if _UNIT.fullmatch(str(told.get("unit", ""))):
                self._unit = told["unit"]
            nested = told.get("figures")
            self._told(_numbers({**told, **(nested if isinstance(nested, dict) else {})}))
        elif found := _BAR.search(line + " "):
            done, total = float(found[1]) * _SCALE[found[2]], float(found[3]) * _SCALE[found[4]]
            self._tell(done, total, {})

    def _told(self, values: Mapping[str, float]) -> None:
        done = next((values[name] for name in _DONE if name in values), self._done)
        total = next((values[name] for name in _TOTAL if name in values), self._total)
        figures = {name: value for name, value in values.items() if name not in (*_DONE, *_TOTAL)}
        self._tell(done, total, dict(list(figures.items())[:_MOST_FIGURES]))

    def _tell(self, done: float, total: float, figures: Mapping[str, float]) -> None:
        if 0 <= done <= total and total > 0:
            self._done, self._total = done, total
            self._report(done, total, self._unit, **figures)


def _object(line: str) -> dict[Any, Any]:
    """An object, as JSON or as Python prints it; an empty one where it is none."""
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(line)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
        return found if isinstance(found, dict) else {}
    return {}


def _numbers(values: Mapping[Any, Any]) -> dict[str, float]:
    """The figures among some values; others are left out."""
    return {
        name: value
        for name, given in values.items()
        if isinstance(name, str) and _NAME.fullmatch(name) and name not in _OURS
        if (value := _number(given)) is not None
    }


def _number(value: Any) -> float | None:
    """A figure; newer Trainers print theirs as texts."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
