"""The two orders in which the rows of Q and K can stand.

Hugging Face turns dimension i of a head with dimension i + D/2 (halves); llama.cpp's `llama`
architecture and our decoder turn 2i with 2i + 1 (pairs). Both give the same scores, because the
same reordering of a query and a key leaves their product unchanged. A row in the wrong order
is the commonest silent defect of an export.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

Matrix = TypeVar("Matrix", bound=Any)


def interleave_rows(weight_NC: Matrix, heads: int) -> Matrix:  # noqa: N803 - axes
    """Rows from halves to pairs: NumPy arrays and torch tensors of shape (heads·D, C) or (heads·D)."""
    halves = weight_NC.reshape(heads, 2, len(weight_NC) // heads // 2, -1)
    return cast("Matrix", halves.swapaxes(1, 2).reshape(weight_NC.shape))


def separate_rows(weight_NC: Matrix, heads: int) -> Matrix:  # noqa: N803
    """Rows from pairs back to halves: the inverse of `interleave_rows`."""
    pairs = weight_NC.reshape(heads, len(weight_NC) // heads // 2, 2, -1)
    return cast("Matrix", pairs.swapaxes(1, 2).reshape(weight_NC.shape))
