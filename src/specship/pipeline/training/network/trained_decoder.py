"""The decoder that is trained: a Llama with the biases of Qwen2 and the head norms of Qwen3.

Parameters have the names, shapes and order of transformers' classes, and the same seed draws the same
weights, so that a checkpoint is theirs without translation. Outputs and gradients are those of their classes
within rounding. What differs is how they are computed: causal attention is asked for as such and never as a
mask, so that a fused kernel takes it; nothing in a step reads a value back from the device; weights stay in
float32 and are rounded where a product takes them; the loss never holds all logits (`token_losses`).

Axes: B sequences, T tokens, C hidden, H heads, D head size, V vocabulary.

Source: Touvron et al. 2023 (arXiv:2302.13971); Su et al. 2021 (arXiv:2104.09864); Ainslie et al. 2023
(arXiv:2305.13245); Zhang and Sennrich 2019 (arXiv:1910.07467); for the relatives `pipeline.model.families`.
"""
# ruff: noqa: N803, N806 - a tensor's name carries its axes

from __future__ import annotations

from typing import Any, Literal

import torch
import torch.nn.functional as F  # noqa: N812 - the name every reader of torch knows
from torch import Tensor, nn

from specship.pipeline.model.decoder_shape import DecoderShape
from specship.pipeline.model.rotations import rotations
from specship.pipeline.training.network.token_losses import (
    LinearCrossEntropy,
    Slopes,
    chunk_slopes,
    losses_of,
)

Turns = tuple[Tensor, Tensor]
"""Cosine and sine of each position and pair of dimensions; they broadcast to `[B, T, H, D / 2]`."""


class RoundedLinear(nn.Linear):
    """A projection in the type of its input; its weights stay as they are."""

    def forward(self, x: Tensor) -> Tensor:
        """`x` times the weights, rounded to the type of `x`."""
        bias = None if self.bias is None else self.bias.to(x.dtype)
        return F.linear(x, self.weight.to(x.dtype), bias)


def joined(x: Tensor, *projections: nn.Linear) -> Tensor:
    """What several projections make of one input, side by side, by a single product.

    Their weights lie apart, as checkpoints have them; laying them together costs less than it saves.
    """
    weight = torch.cat(tuple(one.weight for one in projections)).to(x.dtype)
    biases = tuple(one.bias for one in projections if one.bias is not None)
    return F.linear(x, weight, torch.cat(biases).to(x.dtype) if biases else None)


class RootMeanSquareNorm(nn.Module):
    """RMSNorm in the type of its input, summed in float32."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Norm over the last axis."""
        return F.rms_norm(x, self.weight.shape, self.weight.to(x.dtype), self.eps)


def turned(x_BTHD: Tensor, turns: Turns) -> Tensor:
    """Heads turned by their positions, in float32; pairs lie half a head apart."""
    cosine, sine = turns
    first, second = x_BTHD.float().chunk(2, dim=-1)
    parts = (first * cosine - second * sine, second * cosine + first * sine)
    return torch.cat(parts, dim=-1).to(x_BTHD.dtype)


class CausalAttention(nn.Module):
    """Grouped-query attention with rotary positions."""

    def __init__(self, shape: DecoderShape, dropout: float) -> None:
        super().__init__()
        queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
        biased = shape.biases.query_key_value
        self.q_proj = RoundedLinear(shape.hidden, queries, bias=biased)
        self.k_proj = RoundedLinear(shape.hidden, keys, bias=biased)
        self.v_proj = RoundedLinear(shape.hidden, keys, bias=biased)
        self.o_proj = RoundedLinear(queries, shape.hidden, bias=shape.biases.output)
        norms = (shape.head_dim, shape.rms_eps) if shape.head_norms else None
        self.q_norm = RootMeanSquareNorm(*norms) if norms else None
        self.k_norm = RootMeanSquareNorm(*norms) if norms else None
        self.head_dim, self.dropout = shape.head_dim, dropout
        self.counts = (shape.heads, shape.kv_heads, shape.kv_heads)

    def forward(self, x_BTC: Tensor, turns: Turns, seen_B1TT: Tensor | None) -> Tensor:
        """What each token takes from those before it; `seen_B1TT` narrows that, None is all of them."""
        joined_BTN = joined(x_BTC, self.q_proj, self.k_proj, self.v_proj)
        heads_BTHD = joined_BTN.view(*x_BTC.shape[:2], -1, self.head_dim)
        q_BTHD, k_BTHD, v_BTHD = torch.split_with_sizes(heads_BTHD, self.counts, dim=2)
        if self.q_norm is not None and self.k_norm is not None:
            q_BTHD, k_BTHD = self.q_norm(q_BTHD), self.k_norm(k_BTHD)
            turned_BTHD = turned(torch.cat((q_BTHD, k_BTHD), dim=2), turns)
        else:
            turned_BTHD = turned(heads_BTHD[:, :, : sum(self.counts[:2])], turns)
        q_BTHD, k_BTHD = torch.split_with_sizes(turned_BTHD, self.counts[:2], dim=2)
        mixed_BHTD = F.scaled_dot_product_attention(
            q_BTHD.transpose(1, 2),
            k_BTHD.transpose(1, 2),
            v_BTHD.transpose(1, 2),
            attn_mask=seen_B1TT,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=seen_B1TT is None,
            enable_gqa=self.counts[0] != self.counts[1],
        )
        mixed: Tensor = self.o_proj(mixed_BHTD.transpose(1, 2).flatten(2))
        return mixed


class GatedFeedForward(nn.Module):
    """SwiGLU (Shazeer 2020, arXiv:2002.05202)."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        biased = shape.biases.feed_forward
        self.gate_proj = RoundedLinear(shape.hidden, shape.intermediate, bias=biased)
        self.up_proj = RoundedLinear(shape.hidden, shape.intermediate, bias=biased)
        self.down_proj = RoundedLinear(shape.intermediate, shape.hidden, bias=biased)

    def forward(self, x_BTC: Tensor) -> Tensor:
        """Gate, up and down."""
        gate_BTN, up_BTN = joined(x_BTC, self.gate_proj, self.up_proj).chunk(2, dim=-1)
        down: Tensor = self.down_proj(F.silu(gate_BTN) * up_BTN)
        return down


class DecoderBlock(nn.Module):
    """Attention and feed-forward, each normed before and added to the residual."""

    def __init__(self, shape: DecoderShape, dropout: float) -> None:
        super().__init__()
        self.self_attn = CausalAttention(shape, dropout)
        self.mlp = GatedFeedForward(shape)
        self.input_layernorm = RootMeanSquareNorm(shape.hidden, shape.rms_eps)
        self.post_attention_layernorm = RootMeanSquareNorm(shape.hidden, shape.rms_eps)

    def forward(self, x_BTC: Tensor, turns: Turns, seen_B1TT: Tensor | None) -> Tensor:
        """The residual stream behind this block."""
        x_BTC = x_BTC + self.self_attn(self.input_layernorm(x_BTC), turns, seen_B1TT)
        behind: Tensor = x_BTC + self.mlp(self.post_attention_layernorm(x_BTC))
        return behind


class DecoderBody(nn.Module):
    """Embedding, blocks and the last norm: what checkpoints call `model`."""

    def __init__(self, shape: DecoderShape, dropout: float) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.hidden)
        self.layers = nn.ModuleList(DecoderBlock(shape, dropout) for _ in range(shape.layers))
        self.norm = RootMeanSquareNorm(shape.hidden, shape.rms_eps)


class TrainedDecoder(nn.Module):
    """A decoder whose `forward` is its loss on windows of tokens."""

    def __init__(self, shape: DecoderShape, *, dropout: float = 0.0, spread: float = 0.02) -> None:
        """Fresh parameters on the CPU, in float32: normal with that spread, without biases, norms at 1."""
        super().__init__()
        self.shape = shape
        self.model = DecoderBody(shape, dropout)
        _draw(self.model, spread)
        self.lm_head = RoundedLinear(shape.hidden, shape.vocabulary, bias=False)
        if shape.tied:
            self.lm_head.weight = self.model.embed_tokens.weight
        else:
            _draw(self.lm_head, spread)
        self._turns: dict[tuple[int, torch.device], Turns] = {}
        self._slopes: Slopes = chunk_slopes

    def compile_parts(self) -> None:
        """Have each block, and a chunk of the loss, compiled at their first use; blocks share their code."""
        for block in self.model.layers:
            block.compile(dynamic=False)
        self._slopes = torch.compile(chunk_slopes, dynamic=False)

    def forward(
        self,
        tokens_BT: Tensor,
        *,
        dtype: torch.dtype = torch.float32,
        documents_BT: Tensor | None = None,
        learned_BT: Tensor | None = None,
        reduction: Literal["mean", "none"] = "mean",
    ) -> Tensor:
        """Cross entropy of each next token of windows of T + 1 tokens, nats: their mean, or `[B, T]`.

        `dtype` is that of the products and of the residual stream; sums of norms, rotations and losses are in
        float32 whatever it is. `documents_BT` numbers the document of each of the T + 1 tokens: attention
        ends at its beginning, and positions count from there. `learned_BT` says of each of the T targets
        whether the mean counts it.
        """
        hidden_BTC = self.hidden(tokens_BT[:, :-1], dtype, documents_BT)
        hidden_NC, targets_N = hidden_BTC.flatten(0, 1), tokens_BT[:, 1:].flatten()
        if reduction == "none":
            return losses_of(hidden_NC, self.lm_head.weight, targets_N).view_as(tokens_BT[:, 1:])
        learned_N = None if learned_BT is None else learned_BT.flatten()
        mean: Tensor = _mean_loss(hidden_NC, self.lm_head.weight, targets_N, self._slopes, learned_N)
        return mean

    def logits(self, input_ids_BT: Tensor, *, dtype: torch.dtype = torch.float32) -> Tensor:
        """`logits_BTV` in float32, all of them at once."""
        logits_BTV: Tensor = self.lm_head(self.hidden(input_ids_BT, dtype))
        return logits_BTV.float()

    def hidden(
        self, input_ids_BT: Tensor, dtype: torch.dtype = torch.float32, documents_BT: Tensor | None = None
    ) -> Tensor:
        """What the last norm gives, `hidden_BTC`."""
        turns = self._turns_of(input_ids_BT.shape[1], input_ids_BT.device)
        seen_B1TT = None
        if documents_BT is not None:
            turns, seen_B1TT = apart(documents_BT[:, : input_ids_BT.shape[1]], turns)
        x_BTC = F.embedding(input_ids_BT, self.model.embed_tokens.weight).to(dtype)
        for block in self.model.layers:
            x_BTC = block(x_BTC, turns, seen_B1TT)
        normed: Tensor = self.model.norm(x_BTC)
        return normed

    def _turns_of(self, length: int, device: torch.device) -> Turns:
        """The rotation of the first positions, kept for the next step."""
        key = (length, device)
        if key not in self._turns:
            turns_S1D = rotations(self.shape, length)[:, None]
            self._turns[key] = (turns_S1D.real.clone().to(device), turns_S1D.imag.clone().to(device))
        return self._turns[key]


_mean_loss: Any = LinearCrossEntropy.apply


@torch.no_grad()
def _draw(layers: nn.Module, spread: float) -> None:
    """Draw weights in the order in which transformers does, so that a seed gives the same ones."""
    for part in layers.modules():
        if isinstance(part, nn.Linear | nn.Embedding):
            part.weight.normal_(0.0, spread)
        if isinstance(part, nn.Linear) and part.bias is not None:
            part.bias.zero_()


def apart(documents_BT: Tensor, turns: Turns) -> tuple[Turns, Tensor]:
    """Rotations that begin anew with each document, and which tokens a token sees: `[B, 1, T, T]`."""
    count = documents_BT.shape[1]
    places_T = torch.arange(count, device=documents_BT.device)
    starts_BT = torch.ones_like(documents_BT, dtype=torch.bool)
    starts_BT[:, 1:] = documents_BT[:, 1:] != documents_BT[:, :-1]
    begun_BT = torch.where(starts_BT, places_T, 0).cummax(dim=1).values
    cosine, sine = (table[places_T - begun_BT] for table in turns)
    same_BTT = documents_BT[:, :, None] == documents_BT[:, None, :]
    return (cosine, sine), (same_BTT & (places_T[:, None] >= places_T))[:, None]
