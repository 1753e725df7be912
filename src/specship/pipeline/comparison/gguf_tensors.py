"""Every tensor of a checkpoint against its copy in a GGUF, rows put back into their order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from specship.errors import UnusableInput
from specship.pipeline.checkpoint.folder import CheckpointFolder
from specship.pipeline.gguf.elements import FILE_TYPES, decoded, encoded
from specship.pipeline.gguf.names import ROPE_FACTORS, renamed_tensors
from specship.pipeline.gguf.reader import GgufFile, GgufTensor
from specship.pipeline.model.rope_factors import rope_factors
from specship.pipeline.model.rotary_order import separate_rows

_AT_ONCE = 1 << 20
"""Numbers of a tensor that are compared at once, in twice their precision."""


@dataclass(frozen=True, slots=True)
class GgufTensorComparison:
    """One tensor: equal to the bit at the export's precision, and how far apart otherwise."""

    name: str
    equal: bool | None
    """None where only llama.cpp itself can repeat how its type was made from the original."""
    cosine: float
    max_abs_difference: float
    fault: str = ""
    type: str = ""
    """Element type of the copy; empty where there is none."""


def compare_tensors(opened: CheckpointFolder, exported: GgufFile) -> list[GgufTensorComparison]:
    """One comparison for each tensor that a GGUF of this checkpoint has, quantized or not.

    As many as that: a tensor that is missing, of another shape or not readable is compared too, with
    cosine 0 and the fault in words.
    """
    found = []
    if (factors := rope_factors(opened.shape)) is not None:
        found.append(_compared(ROPE_FACTORS, factors, exported, ROPE_FACTORS, 0))
    for tensor in renamed_tensors(opened.shape):
        original = opened.array(tensor.checkpoint)
        found.append(_compared(tensor.checkpoint, original, exported, tensor.gguf, tensor.heads))
    return found


def _compared(
    name: str, original: np.ndarray[Any, Any], exported: GgufFile, theirs: str, heads: int
) -> GgufTensorComparison:
    stored = exported.tensors.get(theirs)
    if stored is None or stored.shape != original.shape:
        fault = "missing" if stored is None else f"{stored.type.name} of shape {list(stored.shape)}"
        return GgufTensorComparison(name, False, 0.0, math.inf, fault, stored.type.name if stored else "")
    try:
        copy = exported.array(theirs)
    except UnusableInput as error:
        return GgufTensorComparison(name, False, 0.0, math.inf, error.message, stored.type.name)
    if heads:
        copy = separate_rows(copy, heads)
    equal = _equal(original, copy, stored)
    cosine, furthest = _apart(original.reshape(-1), copy.reshape(-1))
    if math.isnan(cosine):  # a tensor of zeros has no direction, and a NaN none either
        cosine = float(np.array_equal(original, copy))
    fault = "values differ" if equal is False else ""
    return GgufTensorComparison(name, equal, cosine, furthest, fault, stored.type.name)


def _equal(original: np.ndarray[Any, Any], copy: np.ndarray[Any, Any], stored: GgufTensor) -> bool | None:
    if stored.type.name not in FILE_TYPES:
        return None
    try:
        kept = encoded(original, stored.type)
    except UnusableInput:  # the type cannot hold the original, so that nothing equal is stored
        return False
    return np.array_equal(decoded(kept.ravel(), stored.type, copy.shape), copy)


def _apart(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Cosine and largest difference of two flat arrays; the cosine is NaN where one of them is zero."""
    inner = left = right = furthest = 0.0
    for begin in range(0, len(a), _AT_ONCE):
        x, y = (one[begin : begin + _AT_ONCE].astype(np.float64) for one in (a, b))
        inner, left, right = inner + float(x @ y), left + float(x @ x), right + float(y @ y)
        furthest = float(np.maximum(furthest, np.abs(x - y).max()))
    norms = math.sqrt(left * right)
    return inner / norms if norms else math.nan, furthest
