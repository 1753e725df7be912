"""Problems of an evaluation as a grid: one square each, full where all of its samples passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element

from specship.report.charts.markup import Child, drawing, element
from specship.status.exhibits import TaskOutcomes

PASSED: Final = "passed"
_SIDE, _GAP, _COLUMNS = 15.0, 3.0, 24
_MOST = 2_000
"""Squares of one grid."""


def drawn_outcomes(tasks: Sequence[TaskOutcomes], name: str) -> Element:
    """The grid; a square's title says which problem it is and what became of its samples."""
    parts: list[Child] = []
    for number, task in enumerate(tasks[:_MOST]):
        x, y = number % _COLUMNS * (_SIDE + _GAP), number // _COLUMNS * (_SIDE + _GAP)
        passed = sum(outcome == PASSED for outcome in task.outcomes)
        part = passed / len(task.outcomes) if task.outcomes else 0.0
        parts.append(
            element(
                "g",
                element("title", told(task)),
                element("rect", x=x, y=y, width=_SIDE, height=_SIDE, rx=2, class_="cell"),
                element(
                    "rect",
                    x=x,
                    y=y + _SIDE * (1 - part),
                    width=_SIDE,
                    height=_SIDE * part,
                    rx=2,
                    class_="filled",
                )
                if part
                else element("path", d=f"M{x + 4:g},{y + 4:g}l7,7m0,-7l-7,7", class_="cross"),
            )
        )
    rows = -(-min(len(tasks), _MOST) // _COLUMNS)
    full = sum(all(one == PASSED for one in task.outcomes) for task in tasks)
    label = f"{name}: {full} of {len(tasks)} problems pass in every sample"
    return drawing(_COLUMNS * (_SIDE + _GAP), rows * (_SIDE + _GAP), label, *parts, class_="outcomes")


def told(task: TaskOutcomes) -> str:
    """`HumanEval/12: passed 1 of 3, wrong 2`."""
    counts = Counter(task.outcomes)
    return f"{task.task}: " + ", ".join(f"{name} {count}" for name, count in counts.most_common())
