"""Every tensor of one model against its namesake in another, whatever formats the two are in.

A tensor is equal when each side's values, kept as the other side stores them, are the same to the bit.
A tensor that is not equal may still be sound: another quantizer of the same type rounds otherwise, by no
more than about what rounding to that type costs. Figures are relative to the first side's norm.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from specship.errors import UnusableInput
from specship.pipeline.comparison.quantization_noise import EXACT, SLACK, Array, as_stored, types_of
from specship.pipeline.inference.open_model import StoredModel

_ELEMENTS_AT_ONCE: Final = 1 << 23
_LARGEST: Final = 4.0
"""By how much the largest single difference may exceed that of plain rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorComparison:
    """One tensor of both sides."""

    name: str
    equal: bool
    """To the bit, at the coarser side's precision."""
    relative_difference: float
    allowed: float
    """What rounding to the coarser type explains."""
    max_abs_difference: float
    diverges: bool
    fault: str = ""


def compare_models(
    a: StoredModel, b: StoredModel, report: Callable[[int, int], None] = lambda *_: None
) -> list[TensorComparison]:
    """One comparison for each tensor that either side has; never an empty list.

    Raises:
        UnusableInput: neither side has a tensor.
    """
    names = [*a.tensors, *(name for name in b.tensors if name not in a.tensors)]
    if not names:
        raise UnusableInput("there are no tensors", at=a.path, why="nothing compared is not agreement")
    found = []
    for done, name in enumerate(names):
        found.append(_compared(a, b, name))
        report(done + 1, len(names))
    return found


def _compared(a: StoredModel, b: StoredModel, name: str) -> TensorComparison:
    sides = [side for side in (a, b) if name in side.tensors]
    if len(sides) == 1:
        where = "a" if sides[0] is a else "b"
        return incomparable(name, f"only {where} has it")
    shape_a, shape_b = a.tensors[name].shape, b.tensors[name].shape
    if shape_a[1:] != shape_b[1:] or (shape_a != shape_b and not _is_padded(a, b, name)):
        return incomparable(name, f"shapes {list(shape_a)} and {list(shape_b)}")
    rows = min(shape_a[0], shape_b[0])
    return difference(
        name, a.array(name)[:rows], b.array(name)[:rows], (types_of(a)[name], types_of(b)[name])
    )


def _is_padded(a: StoredModel, b: StoredModel, name: str) -> bool:
    """Whether it has a row for each token, and the vocabularies are filled up to other lengths."""
    return (a.tensors[name].shape[0], b.tensors[name].shape[0]) == (a.shape.vocabulary, b.shape.vocabulary)


def incomparable(name: str, fault: str) -> TensorComparison:
    """A tensor of which there is nothing to compare, and why."""
    return TensorComparison(
        name=name,
        equal=False,
        relative_difference=math.inf,
        allowed=0.0,
        max_abs_difference=math.inf,
        diverges=True,
        fault=fault,
    )


def difference(name: str, a: Array, b: Array, types: tuple[str, str]) -> TensorComparison:
    """Two arrays of one shape that are stored in two types; some rows at a time are held in more bits."""
    sums = _DifferenceSums()
    rows = max(1, _ELEMENTS_AT_ONCE // max(1, a[0].size)) if len(a) else 1
    for at in range(0, len(a), rows):
        sums.add(a[at : at + rows], b[at : at + rows], types, f"{name} {at}")
    relative, largest = sums.apart.figures()
    rounding = [sums.a_rounded.figures(), sums.b_rounded.figures()]
    allowed = SLACK * max(one for one, _ in rounding)
    most = _LARGEST * max(one for _, one in rounding)
    exact = EXACT.issuperset(types) and ("F32" in types or types[0] == types[1])
    equal = sums.a_gives_b or sums.b_gives_a
    diverges = not equal and (exact or not (relative <= allowed and largest <= most))
    return TensorComparison(
        name=name,
        equal=equal,
        relative_difference=relative,
        allowed=allowed,
        max_abs_difference=largest,
        diverges=diverges,
        fault="values differ" if diverges else "",
    )


class _DifferenceSums:
    """What is added up over the rows of two tensors."""

    def __init__(self) -> None:
        self.apart, self.a_rounded, self.b_rounded = _Apart(), _Apart(), _Apart()
        self.a_gives_b = self.b_gives_a = True

    def add(self, a: Array, b: Array, types: tuple[str, str], name: str) -> None:
        a_as_b, b_as_a = as_stored(a, types[1], name), as_stored(b, types[0], name)
        self.a_gives_b = self.a_gives_b and np.array_equal(a_as_b, b)
        self.b_gives_a = self.b_gives_a and np.array_equal(b_as_a, a)
        self.apart.add(a, b)
        self.a_rounded.add(a, a_as_b)
        self.b_rounded.add(b, b_as_a)


class _Apart:
    """Norm and largest value of a difference."""

    def __init__(self) -> None:
        self._apart = self._scale = self._largest = 0.0

    def add(self, a: Array, b: Array) -> None:
        first = a.astype(np.float64)
        apart = first - b
        self._apart += float(np.square(apart).sum())
        self._scale += float(np.square(first).sum())
        self._largest = max(self._largest, float(np.abs(apart).max(initial=0.0)))

    def figures(self) -> tuple[float, float]:
        """Relative norm and largest value; infinite where something is not finite."""
        if not math.isfinite(self._apart + self._scale):
            return math.inf, math.inf
        relative = math.sqrt(self._apart / self._scale) if self._scale else math.inf if self._apart else 0.0
        return relative, self._largest


def relative(a: Array, b: Array) -> float:
    """Norm of the difference over the norm of the first."""
    sums = _Apart()
    sums.add(a, b)
    return sums.figures()[0]
