"""How far each pair of dimensions turns a position, as the configuration's scaling has it.

Axes: S positions, D pairs of dimensions of a head.

Source: Su et al. 2021 (arXiv:2104.09864); Chen et al. 2023 (arXiv:2306.15595) for `linear`; Grattafiori
et al. 2024 (arXiv:2407.21783) for `llama3`; Peng et al. 2023 (arXiv:2309.00071) for `yarn`; and
`transformers`, modeling_rope_utils, whose defaults these are.
"""
# ruff: noqa: N803, N806 - a tensor's name carries its axes

from __future__ import annotations

import math

import torch
from torch import Tensor

from specship.pipeline.model.decoder_shape import DecoderShape


def rotations(shape: DecoderShape, context: int) -> Tensor:
    """Complex numbers for each position and pair of dimensions, `turns_SD`; of length 1 but for `yarn`."""
    angle_SD = torch.outer(torch.arange(context, dtype=torch.float32), frequencies(shape))
    length = shape.rope.attention_factor if shape.rope.kind == "yarn" else 1.0
    return torch.polar(torch.full_like(angle_SD, length), angle_SD)


def frequencies(shape: DecoderShape) -> Tensor:
    """Radians a position for each pair of dimensions, `frequency_D`."""
    exponent_D = torch.arange(0, shape.head_dim, 2, dtype=torch.float32) / shape.head_dim
    frequency_D = 1.0 / shape.rope_theta**exponent_D
    match shape.rope.kind:
        case "linear":
            return frequency_D / shape.rope.factor
        case "llama3":
            return _stretched(shape, frequency_D)
        case "factors":
            return frequency_D / torch.tensor(shape.rope.factors, dtype=torch.float32)
        case "yarn":
            return _blended(shape, frequency_D)
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


def _blended(shape: DecoderShape, frequency_D: Tensor) -> Tensor:
    """Dimensions that turn often stay, those that turn seldom are stretched, with a ramp between them."""
    pairs = torch.arange(len(frequency_D), dtype=torch.float32)
    first = max(math.floor(_pair_that_turns(shape, shape.rope.beta_fast)), 0)
    last = min(math.ceil(_pair_that_turns(shape, shape.rope.beta_slow)), shape.head_dim - 1)
    width = last - first or 0.001  # as others do where the ramp has no room
    kept_D = 1 - ((pairs - first) / width).clamp(0, 1)
    return frequency_D / shape.rope.factor * (1 - kept_D) + frequency_D * kept_D


def _pair_that_turns(shape: DecoderShape, times: float) -> float:
    """Which pair of dimensions turns so many times within the original context; a fraction."""
    radians = shape.rope.original_context / (times * 2 * math.pi)
    return shape.head_dim * math.log(radians) / (2 * math.log(shape.rope_theta))
