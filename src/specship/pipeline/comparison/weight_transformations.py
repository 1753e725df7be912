"""What may have been done to a tensor, and how it is undone: transposed, permuted, scaled, biased.

A hypothesis is a way to undo a fault, tried on the faulty tensor and held against the sound one. It is
believed when little more than rounding is left. Axes: N rows, C columns of a matrix.
"""
# ruff: noqa: N803, N806 - a tensor's name carries its axes

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from specship.pipeline.comparison.quantization_noise import Array
from specship.pipeline.comparison.tensor_comparison import relative
from specship.pipeline.model.decoder_shape import DecoderShape
from specship.pipeline.model.rotary_order import interleave_rows, separate_rows

_SEARCHED_ROWS: Final = 8192
"""Most rows that are each looked up among all others."""


@dataclass(frozen=True, slots=True)
class UndoneTransformation:
    """A tensor after one way of undoing, and what that way says happened."""

    kind: str
    what: str
    array: Array


def undone(name: str, good: Array, bad: Array, shape: DecoderShape) -> Iterator[UndoneTransformation]:
    """Ways to undo a fault of one tensor; those that cannot apply are left out."""
    yield from _as_vector(good, bad)
    if bad.ndim == 2:
        rows, columns = bad.shape
        flipped = np.ascontiguousarray(bad.reshape(columns, rows).T)
        yield UndoneTransformation("transposed", "its values stand in column order", flipped)
    heads = {"q_proj": shape.heads, "k_proj": shape.kv_heads}
    if count := next((heads[part] for part in heads if part in name), 0):
        flat_NC = bad.reshape(len(bad), -1)
        yield UndoneTransformation(
            "permuted",
            "its rows stand in pairs, not halves",
            separate_rows(flat_NC, count).reshape(bad.shape),
        )
        yield UndoneTransformation(
            "permuted",
            "its rows stand in halves, not pairs",
            interleave_rows(flat_NC, count).reshape(bad.shape),
        )
    yield from _scaled(good, bad)
    yield from _permuted(good, bad, shape)


def best_undoing(
    name: str, good: Array, bad: Array, shape: DecoderShape
) -> tuple[UndoneTransformation, float] | None:
    """The way that leaves least, with the relative difference that is left; None when none applies.

    The first of equals counts, and the plain ways come first.
    """
    tried = [(one, relative(good, one.array)) for one in undone(name, good, bad, shape)]
    return min(tried, key=lambda pair: pair[1], default=None)


def _as_vector(good: Array, bad: Array) -> Iterator[UndoneTransformation]:
    """A bias that is zero on one side only."""
    if bad.ndim == 1 and not bad.any():
        yield UndoneTransformation("biased", "its values are all zero", good)
    elif good.ndim == 1 and not good.any():
        yield UndoneTransformation("biased", "its values should all be zero", good)


def _scaled(good: Array, bad: Array) -> Iterator[UndoneTransformation]:
    a, b = good.astype(np.float64).ravel(), bad.astype(np.float64).ravel()
    if (square := float(b @ b)) and np.isfinite(square):
        factor = float(a @ b) / square
        if factor:
            yield UndoneTransformation(
                "scaled", f"its values are {1 / factor:.6g} times what they should be", bad * factor
            )


def _permuted(good: Array, bad: Array, shape: DecoderShape) -> Iterator[UndoneTransformation]:
    good_NC, bad_NC = good.reshape(len(good), -1), bad.reshape(len(bad), -1)
    if (order := matching_rows(good_NC, bad_NC)) is not None:
        yield UndoneTransformation("permuted", _in_words(order, "rows", shape), bad[order])
    if bad.ndim == 2 and (order := matching_rows(good_NC.T, bad_NC.T)) is not None:
        yield UndoneTransformation("permuted", _in_words(order, "columns", shape), bad[:, order])


def matching_rows(good_NC: Array, bad_NC: Array) -> Array | None:
    """`order` such that `bad[order]` is likest to `good`; None where rows do not pair off, or none moved."""
    if not (np.isfinite(good_NC).all() and np.isfinite(bad_NC).all()):
        return None
    count, columns = good_NC.shape
    if columns == 1 or count > _SEARCHED_ROWS:
        order = _by_projection(good_NC, bad_NC)
    else:
        likeness_NN = _unit(good_NC) @ _unit(bad_NC).T
        order = likeness_NN.argmax(axis=1)
    if len(set(order.tolist())) != count or np.array_equal(order, np.arange(count)):
        return None
    return order


def _by_projection(good_NC: Array, bad_NC: Array) -> Array:
    """Rows paired by the order of one random combination of their columns."""
    weights_C = np.random.default_rng(0).standard_normal(good_NC.shape[1])
    order = np.empty(len(good_NC), dtype=np.int64)
    order[np.argsort(good_NC @ weights_C, kind="stable")] = np.argsort(bad_NC @ weights_C, kind="stable")
    return order


def _unit(rows_NC: Array) -> Array:
    exact = rows_NC.astype(np.float32)
    unit: Array = exact / np.maximum(np.linalg.norm(exact, axis=1, keepdims=True), 1e-30)
    return unit


def _in_words(order: Array, what: str, shape: DecoderShape) -> str:
    """Whole heads in another order are said so; else how many of all moved."""
    size = shape.head_dim
    if len(order) % size == 0 and len(order) > size:
        heads = order.reshape(-1, size)
        if np.array_equal(heads, heads[:, :1] + np.arange(size)) and not (heads[:, 0] % size).any():
            return f"its heads ({what}) stand in the order {(heads[:, 0] // size).tolist()}"
    moved = int((order != np.arange(len(order))).sum())
    return f"{moved} of its {len(order)} {what} stand elsewhere"
