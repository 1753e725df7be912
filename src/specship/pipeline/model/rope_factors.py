"""`llama3` scaling as a GGUF has it: what the frequency of each pair of dimensions is divided by."""
# ruff: noqa: N806 - a tensor's name carries its axes

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from specship.pipeline.model.decoder_shape import DecoderShape

if TYPE_CHECKING:
    import numpy as np


def rope_factors(shape: DecoderShape) -> np.ndarray[Any, Any] | None:
    """float32 factors of each pair of dimensions; None where the rotation needs none.

    Rounded at the same places as in llama.cpp's converter, which computes with torch: a number over a
    tensor is the number times the tensor's reciprocal there. Where torch's power is not the nearest
    float32 the last bit can differ from the converter's; that of the released Llama 3 models does not.
    Source: llama.cpp, conversion/llama.py (generate_extra_tensors).
    """
    if shape.rope.kind != "llama3":
        return None
    import numpy as np

    one, rope = np.float32(1), shape.rope
    exponent_D = np.arange(0, shape.head_dim, 2, dtype=np.float32) / np.float32(shape.head_dim)
    power_D = (shape.rope_theta ** exponent_D.astype(np.float64)).astype(np.float32)
    wave_D = (one / (one / power_D)) * np.float32(2 * math.pi)
    turns_D = (one / wave_D) * np.float32(rope.original_context)
    kept_D = (turns_D - np.float32(rope.low_freq_factor)) / np.float32(
        rope.high_freq_factor - rope.low_freq_factor
    )
    factor = np.float32(rope.factor)
    between_D = one / ((one - kept_D) / factor + kept_D)
    short_D = wave_D < np.float32(rope.original_context / rope.high_freq_factor)
    long_D = wave_D > np.float32(rope.original_context / rope.low_freq_factor)
    return np.where(short_D, one, np.where(long_D, factor, between_D)).astype("<f4")
