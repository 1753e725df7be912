"""Ways in which a layer's matrices can stand wrongly in a file, each with what undoes it.

A matrix that is not square shows by its shape that it was turned; a square one does not, nor do rows in
another order or two matrices of one shape that changed places. Each hypothesis says: *if this happened,
these tensors are what the model was trained with.* Which of the two is likelier a text decides (`layout`).

Axes: N rows, C columns, H heads, D head size.
"""
# ruff: noqa: N806 - a tensor's name carries its axes

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from specship.pipeline.model.decoder_shape import DecoderShape
from specship.pipeline.model.rotary_order import interleave_rows, separate_rows

Arrays = Mapping[str, np.ndarray[Any, Any]]
"""Tensors of one layer by their names inside it."""
Undo = Callable[[Arrays, DecoderShape], dict[str, np.ndarray[Any, Any]]]

_PROJECTIONS: Final = (
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What may have happened, in words, and the tensors as they were before it."""

    name: str
    undo: Undo


def _turned(name: str) -> Undo:
    def undo(layer: Arrays, _: DecoderShape) -> dict[str, np.ndarray[Any, Any]]:
        """The bytes of the transpose under the shape of the matrix; for a square one, the transpose."""
        stored_NC = layer[f"{name}.weight"]
        return {f"{name}.weight": stored_NC.reshape(stored_NC.shape[::-1]).T.copy()}

    return undo


def _swapped(one: str, other: str) -> Undo:
    def undo(layer: Arrays, _: DecoderShape) -> dict[str, np.ndarray[Any, Any]]:
        names = {f"{one}.{part}": f"{other}.{part}" for part in ("weight", "bias")}
        found = {to: layer[of] for to, of in names.items() if of in layer}
        return found | {of: layer[to] for to, of in names.items() if to in layer}

    return undo


def _reordered(order: Callable[[Any, int], Any], *names: str) -> Undo:
    """Rows of queries, of keys, or of both: matrix, bias and norm of the heads alike."""

    def undo(layer: Arrays, shape: DecoderShape) -> dict[str, np.ndarray[Any, Any]]:
        heads = {"q": shape.heads, "k": shape.kv_heads}
        found = {}
        for name in names:
            counts = {
                f"self_attn.{name}_proj.weight": heads[name],
                f"self_attn.{name}_proj.bias": heads[name],
                f"self_attn.{name}_norm.weight": 1,
            }
            for tensor, count in counts.items():
                if tensor in layer:
                    rows_NC = layer[tensor].reshape(len(layer[tensor]), -1)
                    found[tensor] = order(rows_NC, count).reshape(layer[tensor].shape)
        return found

    return undo


def _regrouped(layer: Arrays, shape: DecoderShape) -> dict[str, np.ndarray[Any, Any]]:
    """Query heads that share a key head stand together; here they stood one of each group in turn."""
    groups = shape.heads // shape.kv_heads
    order_H = np.arange(shape.heads).reshape(groups, shape.kv_heads).T.ravel()
    rows_N = (order_H[:, None] * shape.head_dim + np.arange(shape.head_dim)).ravel()
    found = {"self_attn.q_proj.weight": layer["self_attn.q_proj.weight"][rows_N]}
    if "self_attn.q_proj.bias" in layer:
        found["self_attn.q_proj.bias"] = layer["self_attn.q_proj.bias"][rows_N]
    return found | {"self_attn.o_proj.weight": layer["self_attn.o_proj.weight"][:, rows_N]}


HYPOTHESES: Final = (
    *(Hypothesis(f"{name} is transposed", _turned(name)) for name in _PROJECTIONS),
    Hypothesis("rows of q_proj and k_proj stand in pairs", _reordered(separate_rows, "q", "k")),
    Hypothesis("rows of q_proj stand in pairs", _reordered(separate_rows, "q")),
    Hypothesis("rows of k_proj stand in pairs", _reordered(separate_rows, "k")),
    Hypothesis("rows of q_proj and k_proj were separated twice", _reordered(interleave_rows, "q", "k")),
    Hypothesis("rows of q_proj were separated twice", _reordered(interleave_rows, "q")),
    Hypothesis("rows of k_proj were separated twice", _reordered(interleave_rows, "k")),
    Hypothesis("k_proj and v_proj changed places", _swapped("self_attn.k_proj", "self_attn.v_proj")),
    Hypothesis("gate_proj and up_proj changed places", _swapped("mlp.gate_proj", "mlp.up_proj")),
    Hypothesis("query heads stand one of each group in turn", _regrouped),
)


def undone(hypothesis: Hypothesis, layer: Arrays, shape: DecoderShape) -> dict[str, np.ndarray[Any, Any]]:
    """The tensors that differ when a hypothesis is undone; empty where it would change nothing."""
    found = hypothesis.undo(layer, shape)
    return {name: array for name, array in found.items() if not np.array_equal(array, layer[name])}
