"""The weights of a decoder on a device, joined and ordered so that a layer is few products.

The three projections are one matrix, so are gate and up; rows of Q and K are reordered so that a pair of
numbers that turns together lies together, which leaves every score unchanged.  Matrices keep the type they
are stored in where the caller wants that, and are read as float32 all the same; the rest is float32.

Axes: N outputs, C hidden, H heads, K key-value heads, D head size, S positions, V vocabulary.
"""
# ruff: noqa: N803, N806, N815 - a tensor's name carries its axes

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import torch
import torch.nn.functional as F  # noqa: N812 - the name every reader of torch knows
from torch import Tensor

from specship.pipeline.inference.open_model import OpenModel
from specship.pipeline.model.decoder_shape import EMBEDDING, HEAD, DecoderShape
from specship.pipeline.model.rotary_order import interleave_rows
from specship.pipeline.model.rotations import rotations

WeightType = Literal["stored", "float32", "bfloat16"]
"""What matrices are rounded to, if to anything: `stored` and float32 round nothing."""
_BFLOAT16: Final = "BF16"


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """One layer, and its keys and values."""

    norm_C: Tensor
    qkv_NC: Tensor
    qkv_bias_N: Tensor | None
    head_norms_HD: Tensor | None  # a row for each query head, then one for each key head
    out_CN: Tensor  # transposed for addmm
    out_bias_C: Tensor | None
    mlp_norm_C: Tensor
    gate_up_NC: Tensor
    gate_up_bias_N: Tensor | None
    down_NC: Tensor  # transposed for addmm
    down_bias_C: Tensor | None
    cache_2KSD: Tensor  # keys, then values


@dataclass(frozen=True, slots=True)
class DecoderWeights:
    """All of a decoder."""

    shape: DecoderShape
    embedding_VC: Tensor
    layers: list[LayerWeights]
    norm_C: Tensor
    head_VC: Tensor
    turns_SD: Tensor


def product(x: Tensor, matrix_NC: Tensor, bias_N: Tensor | None = None) -> Tensor:
    """A projection in float32, whatever the matrix is stored in."""
    return F.linear(x, matrix_NC.float(), bias_N)


def held_as(checkpoint: OpenModel, wanted: WeightType) -> torch.dtype:
    """The type that matrices are rounded to: bfloat16 where it is wanted, or where all are stored so."""
    if wanted == "stored":
        types = {stored.dtype for stored in checkpoint.tensors.values() if len(stored.shape) > 1}
        return torch.bfloat16 if types == {_BFLOAT16} else torch.float32
    return torch.bfloat16 if wanted == "bfloat16" else torch.float32


class WeightReader:
    """Takes a model's tensors to a device."""

    def __init__(
        self,
        shape: DecoderShape,
        context: int,
        device: torch.device,
        *,
        rounded: torch.dtype,
        held: torch.dtype,
    ) -> None:
        """Matrices are rounded to one type and held in another that holds them whole."""
        self._shape: Final = shape
        self._context: Final = context
        self._device: Final = device
        self._rounded: Final = rounded
        self._held: Final = held

    def read(self, checkpoint: OpenModel) -> DecoderWeights:
        """All of a model."""
        embedding_VC = self._weight(checkpoint, EMBEDDING)
        return DecoderWeights(
            self._shape,
            embedding_VC,
            [self.layer(checkpoint, index) for index in range(self._shape.layers)],
            self._weight(checkpoint, "model.norm.weight"),
            embedding_VC if self._shape.tied else self._weight(checkpoint, HEAD),
            rotations(self._shape, self._context).to(self._device),
        )

    def _weight(self, checkpoint: OpenModel, name: str) -> Tensor:
        tensor = torch.from_numpy(checkpoint.array(name))
        held = tensor.to(self._rounded).to(self._held) if tensor.dim() > 1 else tensor.float()
        return held.to(self._device)

    def layer(self, checkpoint: OpenModel, index: int) -> LayerWeights:
        """One layer, with an empty cache."""
        shape, prefix = self._shape, f"model.layers.{index}."

        def weight(name: str) -> Tensor:
            return self._weight(checkpoint, f"{prefix}{name}.weight")

        def bias(*names: str) -> Tensor | None:
            """The biases of some projections on end; None when the model has none there."""
            if f"{prefix}{names[0]}.bias" not in checkpoint.tensors:
                return None
            return torch.cat([self._weight(checkpoint, f"{prefix}{name}.bias") for name in names])

        queries_NC = interleave_rows(weight("self_attn.q_proj"), shape.heads)
        keys_NC = interleave_rows(weight("self_attn.k_proj"), shape.kv_heads)
        qkv_bias_N = bias("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
        return LayerWeights(
            norm_C=weight("input_layernorm"),
            qkv_NC=torch.cat([queries_NC, keys_NC, weight("self_attn.v_proj")]),
            qkv_bias_N=None if qkv_bias_N is None else self._interleaved(qkv_bias_N),
            head_norms_HD=self._head_norms(checkpoint, prefix) if shape.head_norms else None,
            out_CN=weight("self_attn.o_proj").t(),
            out_bias_C=bias("self_attn.o_proj"),
            mlp_norm_C=weight("post_attention_layernorm"),
            gate_up_NC=torch.cat([weight("mlp.gate_proj"), weight("mlp.up_proj")]),
            gate_up_bias_N=bias("mlp.gate_proj", "mlp.up_proj"),
            down_NC=weight("mlp.down_proj").t(),
            down_bias_C=bias("mlp.down_proj"),
            cache_2KSD=torch.zeros(2, shape.kv_heads, self._context, shape.head_dim, device=self._device),
        )

    def _interleaved(self, bias_N: Tensor) -> Tensor:
        """Biases of queries, keys and values with the first two in the order of their rows."""
        shape = self._shape
        turned = (shape.heads + shape.kv_heads) * shape.head_dim
        rows_N1 = interleave_rows(bias_N[:turned, None], shape.heads + shape.kv_heads)
        return torch.cat([rows_N1[:, 0], bias_N[turned:]])

    def _head_norms(self, checkpoint: OpenModel, prefix: str) -> Tensor:
        """Norm weights of every query head, then of every key head, in the order of their rows."""
        counts = {"q_norm": self._shape.heads, "k_norm": self._shape.kv_heads}
        rows = [
            interleave_rows(self._weight(checkpoint, f"{prefix}self_attn.{name}.weight")[:, None], 1).t()
            for name in counts
        ]
        return torch.cat([row.expand(n, -1) for row, n in zip(rows, counts.values(), strict=True)])
