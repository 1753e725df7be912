"""Every tensor of one model against its namesake in another, whatever formats the two are in.

A tensor is equal when each side's values, kept as the other side stores them, are the same to the bit.
A tensor that is not equal may still be sound: another quantizer of the same type rounds otherwise, by no
more than about what rounding to that type costs. Figures are relative to the first side's norm.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from specship.errors import UnusableInput
from specship.pipeline.open_model import Model
from specship.pipeline.rounding import SLACK, as_stored, types_of

Array = np.ndarray[Any, Any]
_EXACT: Final = {"F32", "F16", "BF16"}
"""Types to which everybody rounds alike; but two that were rounded to different ones of them differ."""
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
    departs: bool
    fault: str = ""


def compare_models(
    a: Model, b: Model, report: Callable[[int, int], None] = lambda *_: None
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


def _compared(a: Model, b: Model, name: str) -> TensorComparison:
    sides = [side for side in (a, b) if name in side.tensors]
    if len(sides) == 1:
        where = "a" if sides[0] is a else "b"
        return _unlike(name, f"only {where} has it")
    shape_a, shape_b = a.tensors[name].shape, b.tensors[name].shape
    if shape_a[1:] != shape_b[1:] or (shape_a != shape_b and not _is_padded(a, b, name)):
        return _unlike(name, f"shapes {list(shape_a)} and {list(shape_b)}")
    rows = min(shape_a[0], shape_b[0])
    return difference(
        name, a.array(name)[:rows], b.array(name)[:rows], (types_of(a)[name], types_of(b)[name])
    )


def _is_padded(a: Model, b: Model, name: str) -> bool:
    """Whether it has a row for each token, and the vocabularies are filled up to other lengths."""
    return (a.tensors[name].shape[0], b.tensors[name].shape[0]) == (a.shape.vocabulary, b.shape.vocabulary)


def _unlike(name: str, fault: str) -> TensorComparison:
    return TensorComparison(
        name=name,
        equal=False,
        relative_difference=math.inf,
        allowed=0.0,
        max_abs_difference=math.inf,
        departs=True,
        fault=fault,
    )


def difference(name: str, a: Array, b: Array, types: tuple[str, str]) -> TensorComparison:
    """Two arrays of one shape that are stored in two types."""
    a_as_b, b_as_a = as_stored(a, types[1], name), as_stored(b, types[0], name)
    equal = np.array_equal(a_as_b, b) or np.array_equal(b_as_a, a)
    relative, largest = _apart(a, b)
    rounding = [_apart(a, a_as_b), _apart(b, b_as_a)]
    allowed = SLACK * max(one for one, _ in rounding)
    most = _LARGEST * max(one for _, one in rounding)
    exact = _EXACT.issuperset(types) and ("F32" in types or types[0] == types[1])
    departs = not equal and (exact or relative > allowed or largest > most)
    return TensorComparison(
        name=name,
        equal=equal,
        relative_difference=relative,
        allowed=allowed,
        max_abs_difference=largest,
        departs=departs,
        fault="values differ" if departs else "",
    )


def _apart(a: Array, b: Array) -> tuple[float, float]:
    """Relative norm and largest value of a difference; infinite where one is not finite."""
    first = a.astype(np.float64).ravel()
    apart = first - b.astype(np.float64).ravel()
    norm, scale = float(np.linalg.norm(apart)), float(np.linalg.norm(first))
    if not math.isfinite(norm) or not math.isfinite(scale):
        return math.inf, math.inf
    return (norm / scale if scale else (math.inf if norm else 0.0)), float(np.abs(apart).max())


def relative(a: Array, b: Array) -> float:
    """Norm of the difference over the norm of the first."""
    return _apart(a, b)[0]
