"""A decoder in eager torch with a preallocated key-value cache, for one sequence at a time.

It is a Llama with what its relatives add: biases, norms of heads, stretched rotations.

Axes: T tokens, V vocabulary, C hidden, H query heads, K key-value heads, G query heads a
key-value head, D head size, S positions of the cache.

At batch one and small sizes decoding is call overhead, so each layer is few calls: the three
projections are one matrix, so are gate and up; the rotation is one complex product (rows of Q
and K are reordered when they are loaded, which leaves every score unchanged); residual sums
ride on the matrix products; the query heads of one key-value head are taken as its queries, so
that nothing is repeated.

Source: Touvron et al. 2023 (arXiv:2302.13971); Su et al. 2021 (arXiv:2104.09864);
Ainslie et al. 2023 (arXiv:2305.13245); for the relatives see `pipeline.model.families`.
"""
# ruff: noqa: N803, N806, N815 - a tensor's name carries its axes

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - the name every reader of torch knows
from torch import Tensor

from specship.errors import UnusableInput
from specship.pipeline.device import resolve_device
from specship.pipeline.inference.open_model import OpenModel, open_model
from specship.pipeline.inference.text_decoder import TextDecoder
from specship.pipeline.model.decoder_shape import DecoderShape
from specship.pipeline.model.rotary_order import interleave_rows
from specship.pipeline.model.rotations import rotations

ActivationHook = Callable[[str, Tensor], None]
"""Takes a block's name and its output; the output belongs to the decoder and is to be copied."""


@dataclass(frozen=True, slots=True)
class _Layer:
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


class Decoder(TextDecoder):
    """Weights on a device and one cache of `context` positions."""

    def __init__(self, checkpoint: OpenModel, *, device: str = "cpu", context: int | None = None) -> None:
        """Load the weights as float32.

        Raises:
            RequirementMissing: the device is not here.
        """
        super().__init__(checkpoint.shape, resolve_device(device), context)
        self.shape: DecoderShape = checkpoint.shape
        self._embedding_VC = self._weight(checkpoint, "model.embed_tokens.weight")
        self._norm_C = self._weight(checkpoint, "model.norm.weight")
        self._head_VC = self._embedding_VC if self.shape.tied else self._weight(checkpoint, "lm_head.weight")
        self._layers = [self._layer(checkpoint, index) for index in range(self.shape.layers)]
        self._turns_SD = rotations(self.shape, self.context).to(self.device)
        self._length = 0

    @classmethod
    def open(cls, path: Path, *, device: str = "cpu", context: int | None = None) -> Decoder:
        """Open a checkpoint folder or a GGUF file of any known family and load it.

        Raises:
            UnusableInput, RequirementMissing: see `open_model` and the class.
        """
        return cls(open_model(path), device=device, context=context)

    def _weight(self, checkpoint: OpenModel, name: str) -> Tensor:
        return torch.from_numpy(checkpoint.array(name)).to(self.device, torch.float32)

    def _layer(self, checkpoint: OpenModel, index: int) -> _Layer:
        shape, prefix = self.shape, f"model.layers.{index}."

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
        return _Layer(
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
            cache_2KSD=torch.zeros(2, shape.kv_heads, self.context, shape.head_dim, device=self.device),
        )

    def _interleaved(self, bias_N: Tensor) -> Tensor:
        """Biases of queries, keys and values with the first two in the order of their rows."""
        shape = self.shape
        turned = (shape.heads + shape.kv_heads) * shape.head_dim
        rows_N1 = interleave_rows(bias_N[:turned, None], shape.heads + shape.kv_heads)
        return torch.cat([rows_N1[:, 0], bias_N[turned:]])

    def _head_norms(self, checkpoint: OpenModel, prefix: str) -> Tensor:
        """Norm weights of every query head, then of every key head, in the order of their rows."""
        counts = {"q_norm": self.shape.heads, "k_norm": self.shape.kv_heads}
        rows = [
            interleave_rows(self._weight(checkpoint, f"{prefix}self_attn.{name}.weight")[:, None], 1).t()
            for name in counts
        ]
        return torch.cat([row.expand(n, -1) for row, n in zip(rows, counts.values(), strict=True)])

    @torch.inference_mode()
    def logits(self, token_ids: Sequence[int]) -> Tensor:
        """`logits_TV` for a whole sequence, teacher-forced; the cache holds the sequence afterwards.

        Raises:
            UnusableInput: empty, longer than the context, or an id outside the vocabulary.
        """
        return F.linear(self._prefill(token_ids), self._head_VC)

    @torch.inference_mode()
    def prompt(self, token_ids: Sequence[int]) -> Tensor:
        """`logits_V` after a sequence, which the cache then holds.

        Raises:
            UnusableInput: see `logits`.
        """
        return F.linear(self._prefill(token_ids)[-1], self._head_VC)

    @torch.inference_mode()
    def read(self, token_ids: Sequence[int], hook: ActivationHook) -> None:
        """Read a whole sequence and hand the output of every block to `hook(block, values)` on the way.

        Blocks in their order: `embedding`, then of each layer N `block.N.attention` and `block.N.mlp`
        as they are added to the residual, `final_norm`, `head`.

        Raises:
            UnusableInput: see `logits`.
        """
        normed_TC = self._prefill(token_ids, hook)
        hook("final_norm", normed_TC)
        hook("head", F.linear(normed_TC, self._head_VC))

    def _prefill(self, token_ids: Sequence[int], hook: ActivationHook | None = None) -> Tensor:
        shape = self.shape
        self.refuse_ids(token_ids)
        x_TC = self._embedding_VC[torch.tensor(token_ids, device=self.device)]
        if hook:
            hook("embedding", x_TC)
        for index, layer in enumerate(self._layers):
            x_TC = self._run_layer(x_TC, layer, hook, f"block.{index}")
        self._length = len(token_ids)
        return F.rms_norm(x_TC, (shape.hidden,), self._norm_C, shape.rms_eps)

    def _run_layer(
        self, x_TC: Tensor, layer: _Layer, hook: ActivationHook | None = None, name: str = ""
    ) -> Tensor:
        """What leaves a layer when a whole sequence enters it; its keys and values stay in the cache."""
        nothing_TC = torch.zeros_like(x_TC) if hook else x_TC
        shape, count = self.shape, len(x_TC)
        normed_TC = F.rms_norm(x_TC, (shape.hidden,), layer.norm_C, shape.rms_eps)
        qkv_THD = F.linear(normed_TC, layer.qkv_NC, layer.qkv_bias_N).view(count, -1, shape.head_dim)
        self._norm_heads(qkv_THD, layer)
        self._rotate(qkv_THD, self._turns_SD[:count, None])
        kv_2KTD = qkv_THD[:, shape.heads :].view(count, 2, shape.kv_heads, -1).permute(1, 2, 0, 3)
        layer.cache_2KSD[:, :, :count].copy_(kv_2KTD)
        seen_HTD = F.scaled_dot_product_attention(
            qkv_THD[None, :, : shape.heads].transpose(1, 2),
            kv_2KTD[None, 0],
            kv_2KTD[None, 1],
            is_causal=True,
            enable_gqa=shape.heads != shape.kv_heads,
        )[0]
        seen_TN = seen_HTD.transpose(0, 1).reshape(count, -1)
        if hook:
            hook(f"{name}.attention", self._project(nothing_TC, seen_TN, layer))
        x_TC = self._project(x_TC, seen_TN, layer)
        normed_TC = F.rms_norm(x_TC, (shape.hidden,), layer.mlp_norm_C, shape.rms_eps)
        if hook:
            hook(f"{name}.mlp", self._feed_forward(normed_TC, layer, nothing_TC))
        return self._feed_forward(normed_TC, layer, x_TC)

    def _norm_heads(self, qkv: Tensor, layer: _Layer) -> None:
        """Norm queries and keys in place, head by head, where the family does so."""
        if layer.head_norms_HD is not None:
            normed = qkv[..., : self.shape.heads + self.shape.kv_heads, :]
            scaled = F.rms_norm(normed, (self.shape.head_dim,), None, self.shape.rms_eps)
            normed.copy_(scaled.mul_(layer.head_norms_HD))

    def _rotate(self, qkv_THD: Tensor, turns: Tensor) -> None:
        """Turn queries and keys in place; values, which stand behind them, stay."""
        turned = qkv_THD[..., : self.shape.heads + self.shape.kv_heads, :]
        torch.view_as_complex(turned.view(*turned.shape[:-1], -1, 2)).mul_(turns)

    def _project(self, onto_TC: Tensor, seen_TN: Tensor, layer: _Layer) -> Tensor:
        """What a layer's attention says, added onto something else."""
        x_TC = torch.addmm(onto_TC, seen_TN, layer.out_CN)
        return x_TC if layer.out_bias_C is None else x_TC.add_(layer.out_bias_C)

    def _feed_forward(self, normed_TC: Tensor, layer: _Layer, onto_TC: Tensor) -> Tensor:
        """What a layer's feed-forward part makes of its normed input, added onto something else."""
        gate_TN, up_TN = F.linear(normed_TC, layer.gate_up_NC, layer.gate_up_bias_N).chunk(2, -1)
        x_TC = torch.addmm(onto_TC, F.silu(gate_TN).mul_(up_TN), layer.down_NC)
        return x_TC if layer.down_bias_C is None else x_TC.add_(layer.down_bias_C)

    def _norm_row(self, x_1C: Tensor, weight_C: Tensor) -> Tensor:
        """RMSNorm of one position (Zhang and Sennrich 2019, arXiv:1910.07467).

        On a CPU torch's own is several kernels one after another; there a sum that is read back at once costs
        less than half of them. Elsewhere reading it back would wait for the device.
        """
        if self.device.type != "cpu":
            return F.rms_norm(x_1C, (self.shape.hidden,), weight_C, self.shape.rms_eps)
        row_C = x_1C[0]
        mean_square = torch.dot(row_C, row_C).item() / self.shape.hidden
        return (x_1C * weight_C).mul_(1 / math.sqrt(mean_square + self.shape.rms_eps))

    def step(self, token_id: int) -> Tensor:
        """`logits_V` after one more token; runs under the caller's inference mode.

        Raises:
            UnusableInput: the context is full.
        """
        at = self._length
        if at >= self.context:
            raise UnusableInput(f"the context of {self.context} positions is full")
        shape = self.shape
        heads, kv_heads, head_dim = shape.heads, shape.kv_heads, shape.head_dim
        turns_D = self._turns_SD[at]
        x_TC = self._embedding_VC[token_id : token_id + 1]
        for layer in self._layers:
            normed_TC = self._norm_row(x_TC, layer.norm_C)
            qkv_HD = F.linear(normed_TC, layer.qkv_NC, layer.qkv_bias_N).view(-1, head_dim)
            self._norm_heads(qkv_HD, layer)
            self._rotate(qkv_HD, turns_D)
            layer.cache_2KSD[:, :, at].copy_(qkv_HD[heads:].view(2, kv_heads, head_dim))
            keys_KSD, values_KSD = layer.cache_2KSD[:, :, : at + 1].unbind()
            seen_KGD = F.scaled_dot_product_attention(
                qkv_HD[:heads].view(1, kv_heads, -1, head_dim), keys_KSD[None], values_KSD[None]
            )
            x_TC = self._project(x_TC, seen_KGD.reshape(1, -1), layer)
            x_TC = self._feed_forward(self._norm_row(x_TC, layer.mlp_norm_C), layer, x_TC)
        self._length = at + 1
        normed_TC = self._norm_row(x_TC, self._norm_C)
        return F.linear(normed_TC, self._head_VC)[0]
