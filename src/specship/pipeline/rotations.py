"""How far each pair of dimensions turns a position, as the configuration's scaling has it.

Axes: S positions, D pairs of dimensions of a head.

Source: Su et al. 2021 (arXiv:2104.09864); Chen et al. 2023 (arXiv:2306.15595) for `linear`; Grattafiori
et al. 2024 (arXiv:2407.21783) and `transformers`, modeling_rope_utils, for `llama3`.
"""
# ruff: noqa: N803, N806 - a tensor's name carries its axes

from __future__ import annotations

import math

import torch
from torch import Tensor

from specship.pipeline.decoder_shape import DecoderShape


def rotations(shape: DecoderShape, context: int) -> Tensor:
    """Unit complex numbers for each position and pair of dimensions, `turns_SD`."""
    angle_SD = torch.outer(torch.arange(context, dtype=torch.float32), frequencies(shape))
    return torch.polar(torch.ones_like(angle_SD), angle_SD)


def frequencies(shape: DecoderShape) -> Tensor:
    """Radians a position for each pair of dimensions, `frequency_D`."""
    exponent_D = torch.arange(0, shape.head_dim, 2, dtype=torch.float32) / shape.head_dim
    frequency_D = 1.0 / shape.rope_theta**exponent_D
    match shape.rope.kind:
        case "linear":
            return frequency_D / shape.rope.factor
        case "llama3":
            return _stretched(shape, frequency_D)
        case _:
            return frequency_D


def _stretched(shape: DecoderShape, frequency_D: Tensor) -> Tensor:
    """Short waves stay, long ones are stretched whole, those between in part."""
    rope = shape.rope
    wave_D = 2 * math.pi / frequency_D
    kept_D = (rope.original_context / wave_D - rope.low_freq_factor) / (
        rope.high_freq_factor - rope.low_freq_factor
    )
    between_D = (1 - kept_D) * frequency_D / rope.factor + kept_D * frequency_D
    long_D = wave_D > rope.original_context / rope.low_freq_factor
    short_D = wave_D < rope.original_context / rope.high_freq_factor
    return torch.where(short_D, frequency_D, torch.where(long_D, frequency_D / rope.factor, between_D))
