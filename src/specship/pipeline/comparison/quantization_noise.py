"""How far two copies of one model may be apart when nothing is wrong with either.

Two causes are counted. Sums in float32 come out a little different in another order. And a copy in
fewer bits is another set of weights: how much that moves each block is not assumed but rehearsed, by
decoding the finer side's weights after they were rounded as the coarser side stores them. Types that
nobody here can round to (K-quants) and llama.cpp's rounding of activations are rehearsed with noise of
the same size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

import numpy as np

from specship.pipeline.gguf.elements import decoded, encoded
from specship.pipeline.gguf.format import ELEMENT_TYPES
from specship.pipeline.inference.open_model import OpenModel, StoredModel
from specship.pipeline.inference.substituted_model import SubstitutedModel
from specship.pipeline.model.decoder_shape import DecoderShape, TextShape

if TYPE_CHECKING:
    from torch import Tensor

    from specship.pipeline.comparison.activations import Activations

Array = np.ndarray[Any, Any]
"""A tensor of a file."""
_FLOAT32: Final = 2.0**-24
_SAFETY: Final = 32
"""Sums of n products are off by about the square root of n roundings; this is for what multiplies it."""
SLACK: Final = 2.0
"""By how much a sound difference may exceed the rehearsed one: another quantizer rounds otherwise."""
_MOST: Final = 0.5
"""Half of a block's norm is never explained by rounding: 1.4 is what unrelated outputs differ by."""
ROUNDABLE: Final = {"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"}
_ELEMENTS: Final = {element.name: element for element in ELEMENT_TYPES.values()}
_WIDENED: Final = 4
"""Width of an MLP over that of the model, where nothing says it."""
_LARGEST_HALF: Final = 65504.0
EXACT: Final = {"F32", "F16", "BF16"}
"""Types to which everybody rounds alike; but two that were rounded to different ones of them differ."""
_HALVES: Final = {"F32": 0.0, "F64": 0.0, "F16": 2.0**-12, "BF16": 2.0**-9}
"""Largest relative error of a number that is stored in one of them."""
_ACTIVATIONS: Final = {"F32": 0.0, "F16": 2.0**-11, "BF16": 2.0**-8}
"""Largest relative error of an activation that llama.cpp multiplies with weights of a type."""
_BLOCK_ACTIVATIONS: Final = 1 / 127
"""The same where weights are in blocks: activations are then Q8_0, 127 steps to the largest of 32."""


class _Rounded(Mapping[str, Array]):
    """Every tensor of a model as another one's types keep it; one at a time is in memory."""

    def __init__(self, model: OpenModel, types: Mapping[str, str], *, rounds_activations: bool) -> None:
        self._model, self._types, self._rounds_activations = model, types, rounds_activations

    def __getitem__(self, name: str) -> Array:
        kept = as_stored(self._model.array(name), self._types.get(name, "F32"), name)
        if self._rounds_activations:
            return noisy(kept, activation_error(self._types.get(name, "F32")), name)
        return kept

    def __iter__(self) -> Any:
        return iter(self._model.tensors)

    def __len__(self) -> int:
        return len(self._model.tensors)


def types_of(model: StoredModel) -> dict[str, str]:
    """Element type of every tensor."""
    return {name: stored.dtype for name, stored in model.tensors.items()}


def as_stored(array: Array, dtype: str, name: str = "") -> Array:
    """What a type keeps of a tensor; noise of the same size where nobody here can store it so."""
    element = _ELEMENTS[dtype]
    exact = np.ascontiguousarray(array, dtype=np.float32)
    if dtype == "F32" or exact.shape[-1] % element.block:
        return exact
    if dtype == "F16":
        exact = exact.clip(-_LARGEST_HALF, _LARGEST_HALF)  # what does not fit is a fault for others to name
    if dtype in ROUNDABLE:
        return decoded(encoded(exact, element).ravel(), element, exact.shape).astype(np.float32)
    return noisy(exact, _step_error(dtype), name)


def _step_error(dtype: str) -> float:
    """Relative error of a type whose name has its bits, such as a K-quant.

    Steps of equal width over the range of a block of Gaussian weights.

    The range of 16 or 32 draws is about four standard deviations; an error within a step is its width
    over the square root of 12.
    """
    digit = next((int(sign) for sign in dtype if sign.isdigit()), 4)
    return 4.2 / ((1 << max(digit, 1)) - 1) / math.sqrt(12)


def rounding_error(dtype: str) -> float:
    """Relative error of a weight that is stored in a type, whoever rounded it."""
    return _HALVES.get(dtype, _step_error(dtype))


def activation_error(dtype: str) -> float:
    """Relative error of what llama.cpp multiplies with weights of a type."""
    return _ACTIVATIONS.get(dtype, _BLOCK_ACTIVATIONS)


def noisy(array: Array, relative: float, name: str) -> Array:
    """Noise of a relative size, the same on every run."""
    if not relative:
        return array
    dice = np.random.default_rng(crc32(name.encode()))
    scale = relative * math.sqrt(float(np.mean(np.square(array, dtype=np.float64))))
    return (array + dice.standard_normal(array.shape, dtype=np.float32) * scale).astype(np.float32)


def float32_tolerance(shape: TextShape) -> float:
    """Relative difference that float32 sums in another order explain, after all blocks."""
    inner = shape.intermediate if isinstance(shape, DecoderShape) else _WIDENED * shape.hidden
    widest = max(shape.hidden, inner)
    return _SAFETY * _FLOAT32 * math.sqrt(widest * (2 * shape.layers + 3))


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What may differ between sound copies."""

    floor: float
    """Relative difference of any block that float32 alone explains."""
    blocks: Mapping[str, float]
    """What the rehearsal moved each block by; empty where none was needed."""
    logit: float
    """By how much one centred logit may differ."""

    def of(self, block: str) -> float:
        """The largest relative difference of a block that is sound."""
        return max(self.floor, min(SLACK * self.blocks.get(block, 0.0), _MOST))


@dataclass(frozen=True, slots=True)
class Moves:
    """How far a rehearsal moved each block (relative), and its largest move of a centred logit."""

    blocks: Mapping[str, float]
    logit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A model, its activations as it is, and the types that its weights are to be rounded to."""

    model: OpenModel
    exact: Sequence[Activations]
    types: Mapping[str, str]
    rounds_activations: bool = False
    """Whether what is multiplied with the weights is rounded too, as llama.cpp does."""

    @property
    def changes_nothing(self) -> bool:
        """Whether every tensor stays as it is."""
        own = types_of(self.model)
        return all(
            self.types.get(name, "F32") in ({"F32"} if self.rounds_activations else {"F32", own[name]})
            for name in own
        )

    def activations(self, sequences: Sequence[Sequence[int]], vocabulary: int) -> list[Activations]:
        """Those of the rounded model."""
        from specship.pipeline.comparison.activations import decoder_activations, trimmed
        from specship.pipeline.inference.decoder import Decoder

        decoder = Decoder(self.rounded_model(), context=max(map(len, sequences)))
        return [trimmed(decoder_activations(decoder, ids), vocabulary) for ids in sequences]

    def rounded_model(self) -> SubstitutedModel:
        """The model with its weights rounded."""
        changed = _Rounded(self.model, self.types, rounds_activations=self.rounds_activations)
        return SubstitutedModel.of(self.model, changed)

    def moves(self, rounded: Sequence[Activations]) -> Moves:
        """How far rounding moves everything."""
        from specship.pipeline.comparison.activations import HEAD, pooled_difference

        pairs = list(zip(self.exact, rounded, strict=True))
        blocks = {
            block: pooled_difference([(a[block], b[block]) for a, b in pairs]) for block in self.exact[0]
        }
        logit = max(largest_centred(a[HEAD].values_TX - b[HEAD].values_TX) for a, b in pairs)
        return Moves(blocks, logit)


def largest_centred(logits_TV: Tensor) -> float:  # noqa: N803 - axes
    """The largest logit, each position centred; figures that are not finite count as nothing."""
    return float((logits_TV - logits_TV.mean(-1, keepdim=True)).nan_to_num(0.0, 0.0, 0.0).abs().max())
