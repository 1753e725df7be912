"""Gate 3: every number of every tensor is read once: NaN, infinite, all zero, all equal, exploding.

A matrix explodes when its root mean square is above `_LARGEST_RMS`, or so many times the median of all
matrices; a tensor, when a value is above `_LARGEST_VALUE`. Memory is bounded by one piece of a tensor.

Where the limits come from: matrices of released Llama and Qwen models have root mean squares of 0.005
to 0.2 and initialisations start at 0.02; biases of keys in Qwen2 reach some hundreds. The largest ratio
between a matrix and the median that was measured on trained tiny models is below 2. So each limit is at
least twenty times what a sound model shows, and a scale that was applied twice is still seen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np

from specship.errors import UnusableInput
from specship.pipeline.checkpoint.weight_files import read_weights
from specship.pipeline.gguf.names import ROPE_FACTORS
from specship.pipeline.qa.gate import QualityGate
from specship.pipeline.qa.records import GateFindings, GateLimits, findings, limit
from specship.pipeline.qa.subject import Subject
from specship.pipeline.qa.tensor_values import Values, values_of_gguf, values_of_held

_LARGEST_RMS: Final = 10.0
_LARGEST_RATIO: Final = 100.0
_LARGEST_VALUE: Final = 1e5
_UNITS: Final = {
    "tensors": "tensors",
    "values": "values",
    "nan": "values",
    "infinite": "values",
    "all_zero": "tensors",
    "constant": "tensors",
    "exploding": "tensors",
    "unread": "tensors",
    "largest_value": "ratio",
    "largest_rms_over_median": "ratio",
}


@dataclass(slots=True)
class _Moments:
    """What one pass over a tensor leaves."""

    name: str
    matrix: bool
    values: int = 0
    nan: int = 0
    infinite: int = 0
    nonzero: int = 0
    least: float = math.inf
    largest: float = -math.inf
    squares: float = 0.0

    def add(self, piece: Values) -> None:
        """Take the values of one piece."""
        finite = np.isfinite(piece)
        bad = piece.size - int(finite.sum())
        self.values += piece.size
        if bad:
            self.nan += int(np.isnan(piece).sum())
            self.infinite += int(np.isinf(piece).sum())
            piece = piece[finite]
        if piece.size:
            wide = piece.astype(np.float64)
            self.nonzero += int(np.count_nonzero(piece))
            self.least = min(self.least, float(wide.min()))
            self.largest = max(self.largest, float(wide.max()))
            self.squares += float(np.dot(wide, wide))

    @property
    def rms(self) -> float:
        """Root mean square of the finite values."""
        count = self.values - self.nan - self.infinite
        return math.sqrt(self.squares / count) if count else 0.0

    @property
    def magnitude(self) -> float:
        """Largest distance from zero among the finite values."""
        return max(abs(self.least), abs(self.largest)) if self.nonzero else 0.0

    @property
    def zero(self) -> bool:
        """Whether every value is zero."""
        return self.values > 0 and not (self.nonzero or self.nan or self.infinite)

    @property
    def constant(self) -> bool:
        """Whether there are several values and all of them are the same one, which is not zero."""
        finite = not (self.nan or self.infinite)
        return finite and self.values > 1 and self.nonzero > 0 and self.least == self.largest


def _pieces(subject: Subject) -> Iterator[tuple[str, bool, Iterable[Values]]]:
    """Name of each tensor, whether it is a matrix, and its values."""
    if subject.is_folder:
        for name, held in read_weights(subject.path).tensors.items():
            yield name, len(held.stored.shape) > 1, values_of_held(subject.path, held)
        return
    for name, tensor in subject.gguf.tensors.items():
        if name != ROPE_FACTORS:
            yield name, len(tensor.shape) > 1, values_of_gguf(subject.gguf, tensor)


def _measure(subject: Subject) -> GateFindings:
    sums, unread = [], []
    for name, matrix, pieces in _pieces(subject):
        one = _Moments(name, matrix)
        try:
            for piece in pieces:
                one.add(piece)
        except UnusableInput as error:
            unread.append(f"{name}: {error.message}")
            continue
        if not one.values:
            unread.append(f"{name} holds no numbers that are weights")
        sums.append(one)
    usual = median([one.rms for one in sums if one.matrix] or [0.0])
    bad = {
        "nan": [one for one in sums if one.nan],
        "infinite": [one for one in sums if one.infinite],
        "all zero": [one for one in sums if one.zero],
        "constant": [one for one in sums if one.constant],
        "exploding": [one for one in sums if _explodes(one, usual)],
    }
    figures = {
        "tensors": len(sums),
        "values": sum(one.values for one in sums),
        "nan": sum(one.nan for one in sums),
        "infinite": sum(one.infinite for one in sums),
        "all_zero": len(bad["all zero"]),
        "constant": len(bad["constant"]),
        "exploding": len(bad["exploding"]),
        "unread": len(unread),
        "largest_value": max((one.magnitude for one in sums), default=None),
        "largest_rms_over_median": max((_ratio(one, usual) for one in sums if one.matrix), default=None),
    }
    notes = [f"{one.name} is {what} ({_shown(one)})" for what, which in bad.items() for one in which]
    return findings(_UNITS, figures, checked="values", notes=(*notes, *unread))


def _ratio(one: _Moments, usual: float) -> float:
    return one.rms / usual if usual else 0.0


def _explodes(one: _Moments, usual: float) -> bool:
    large = one.matrix and (one.rms > _LARGEST_RMS or _ratio(one, usual) > _LARGEST_RATIO)
    return large or one.magnitude > _LARGEST_VALUE


def _shown(one: _Moments) -> str:
    said = f"root mean square {one.rms:.3g}, largest {one.magnitude:.3g}"
    bad = one.nan + one.infinite
    return f"{bad} of {one.values} values; {said}" if bad else said


def _limits(_: Subject) -> GateLimits:
    values = {name: limit("values", equals=0) for name in ("nan", "infinite")}
    names = ("all_zero", "constant", "exploding", "unread")
    return {"tensors": limit("tensors", at_least=1), **values} | {
        name: limit("tensors", equals=0) for name in names
    }


GATE: Final = QualityGate(number=3, name="statistics", measure=_measure, limits=_limits)
