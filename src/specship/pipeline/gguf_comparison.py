"""Every tensor of a checkpoint against its copy in a GGUF, rows put back into their order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from specship.pipeline.checkpoint_folder import CheckpointFolder
from specship.pipeline.gguf_elements import FILE_TYPES, decoded, encoded
from specship.pipeline.gguf_names import renamed_tensors
from specship.pipeline.gguf_reader import GgufFile
from specship.pipeline.rotary_order import separate_rows


@dataclass(frozen=True, slots=True)
class TensorComparison:
    """One tensor: equal to the bit at the export's precision, and how far apart otherwise."""

    name: str
    equal: bool
    cosine: float
    max_abs_difference: float
    fault: str = ""


def compare_tensors(opened: CheckpointFolder, exported: GgufFile) -> list[TensorComparison]:
    """One comparison for each tensor that the checkpoint's architecture has."""
    return [
        _compared(opened, exported, tensor.checkpoint, tensor.gguf, tensor.heads)
        for tensor in renamed_tensors(opened.shape)
    ]


def _compared(
    opened: CheckpointFolder, exported: GgufFile, ours: str, theirs: str, heads: int
) -> TensorComparison:
    stored = exported.tensors.get(theirs)
    shape = opened.tensors[ours].shape
    if stored is None or stored.shape != shape or stored.type.name not in FILE_TYPES:
        fault = "missing" if stored is None else f"{stored.type.name} of shape {list(stored.shape)}"
        return TensorComparison(ours, False, 0.0, float("inf"), fault)
    copy = exported.array(theirs)
    if heads:
        copy = separate_rows(copy, heads)
    original = opened.array(ours)
    a, b = original.astype(np.float64).ravel(), copy.astype(np.float64).ravel()
    norms = float(np.linalg.norm(a) * np.linalg.norm(b))
    kept = encoded(original, stored.type)
    equal = np.array_equal(decoded(kept.ravel(), stored.type, shape), copy)
    cosine = float(a @ b) / norms if norms else float(equal)
    return TensorComparison(ours, equal, cosine, float(np.abs(a - b).max()), "" if equal else "values differ")
