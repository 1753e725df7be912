"""Many sequences a step, of different lengths, on one device: nothing in a step waits for the host.

A step takes tokens and positions as tensors, keys and values go into the cache by index, and each row attends
to its own past through a mask over a fixed span of the cache.  Rows are as many at every step, whoever is in
them: a row's sums do not depend on its neighbours, so that a sequence is written again alone as it was among
others.

On CUDA the step is compiled by `torch.compile` and captured in a graph, tokens included.

Axes: B rows, C hidden, H query heads, K key-value heads, G query heads a key-value head, D head size,
S positions of the cache, T tokens of a chunk, V vocabulary.
"""
# ruff: noqa: N803, N806 - a tensor's name carries its axes

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812 - the name every reader of torch knows
from torch import Tensor

from specship.errors import UnusableInput
from specship.pipeline.inference.decoder_weights import DecoderWeights, LayerWeights, product
from specship.pipeline.inference.drawing import Chance, Drawing

_LEAST_SPAN: Final = 256
"""Each span is compiled and captured once; spans double, and torch compiles few of them."""
_CHUNK: Final = 32
"""Tokens that one sequence writes between two looks of the host."""


class RowDecoder:
    """Rows of sequences that are being written; one row alone has the cache of the decoder itself."""

    def __init__(self, weights: DecoderWeights, *, rows: int = 1, compiled: bool) -> None:
        """`compiled` is for CUDA: compiled kernels, captured in a graph."""
        self._weights: Final = weights
        self._shared: Final = rows == 1
        caches = [layer.cache_2KSD for layer in weights.layers]
        self._caches = [one[None] if rows == 1 else one.new_zeros(rows, *one.shape) for one in caches]
        device = weights.norm_C.device
        self._context: Final = len(weights.turns_SD)
        self._turns_SD2: Final = torch.view_as_real(weights.turns_SD)
        self._rows_B: Final = torch.arange(rows, device=device)
        self._places_S: Final = torch.arange(self._context, device=device)
        self._token_B = torch.zeros(rows, dtype=torch.int64, device=device)
        self._at_B = torch.zeros(rows, dtype=torch.int64, device=device)
        self._slot_1 = torch.zeros(1, dtype=torch.int64, device=device)
        self._told_BT = torch.zeros(rows, 1 + _CHUNK, dtype=torch.int64, device=device)
        self._chance_BT = torch.zeros(rows, 1 + _CHUNK, dtype=torch.float64, device=device)
        self._chances: dict[int, Chance] = {}
        self._begun: set[int] = set()
        self._drawing: Drawing | None = None
        self._graphs: dict[int, torch.cuda.CUDAGraph] = {}
        self._captured: Final = compiled and device.type == "cuda"
        self._step = torch.compile(self.step, dynamic=False) if compiled else self.step

    def draws(self, drawing: Drawing) -> None:
        """How tokens are drawn from now on."""
        self._drawing = drawing
        self._graphs.clear()

    def begin(self, row: int, logits_V: Tensor, length: int, chance: Chance) -> None:
        """Put the sequence that the decoder's cache holds into a row; its first token is drawn at once."""
        assert self._drawing is not None  # noqa: S101 - whoever begins said how it draws
        if not self._shared:
            for cache_B2KSD, layer in zip(self._caches, self._weights.layers, strict=True):
                cache_B2KSD[row, :, :, :length].copy_(layer.cache_2KSD[:, :, :length])
        chance_1 = torch.zeros(1, dtype=torch.float64)
        if not self._drawing.is_greedy:
            chance_1 = chance.next(1)
        token_1 = self._drawing.draw(logits_V[None], chance_1.to(logits_V.device))
        self._token_B[row : row + 1].copy_(token_1)
        self._told_BT[row, :1].copy_(token_1)
        self._at_B[row].fill_(length)
        self._chances[row] = chance
        self._begun.add(row)

    def advance(self, tokens: int, span: int | None = None) -> list[list[int]]:
        """What each row wrote in so many steps, its first token before them where it has just begun.

        Rows in which nobody is write as well; they are not to be looked at.
        """
        if self._drawing and not self._drawing.is_greedy:
            for row, chance in self._chances.items():
                self._chance_BT[row, 1 : 1 + tokens].copy_(chance.next(tokens))
        self._slot_1.fill_(1)
        for _ in range(tokens):
            self._next(span or self._context)
        told = self._told_BT[:, : 1 + tokens].tolist()
        found = [one if row in self._begun else one[1:] for row, one in enumerate(told)]
        self._begun.clear()
        return found

    def tokens(self, logits_V: Tensor, length: int, drawing: Drawing, chance: Chance) -> Iterator[int]:
        """One sequence, some tokens at a time; the first comes alone, since whoever measures waits for it."""
        self.draws(drawing)
        self.begin(0, logits_V, length, chance)
        yield from self.advance(0)[0]
        while length < self._context:
            ahead = min(_CHUNK, self._context - length)
            span = max(_LEAST_SPAN, 1 << (length + ahead - 1).bit_length())
            yield from self.advance(ahead, min(span, self._context))[0]
            length += ahead
        raise UnusableInput(
            f"the context of {self._context} positions is full",
            mend="give a shorter prompt, or ask for fewer tokens",
        )

    def _next(self, span: int) -> None:
        if not self._captured:
            self._one(span)
            return
        if span not in self._graphs:
            self._graphs[span] = self._capture(span)
        self._graphs[span].replay()

    def _capture(self, span: int) -> torch.cuda.CUDAGraph:
        """A graph of one token; what warming up wrote into the cache is written again before it is read."""
        state = (self._token_B, self._at_B, self._slot_1)
        before = [tensor.clone() for tensor in state]
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        here = torch.cuda.current_stream()
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            for _ in range(2):
                self._slot_1.fill_(1)
                self._one(span)
        here.wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._one(span)
        for tensor, kept in zip(state, before, strict=True):
            tensor.copy_(kept)
        return graph

    def _one(self, span: int) -> None:
        """Read the last token of each row and draw the next, all on the device."""
        assert self._drawing is not None  # noqa: S101 - see `begin`
        logits_BV = self._step(self._token_B, self._at_B, span)
        chance_B = self._chance_BT.index_select(1, self._slot_1)[:, 0]
        self._token_B.copy_(self._drawing.draw(logits_BV, chance_B))
        self._told_BT.index_copy_(1, self._slot_1, self._token_B[:, None])
        self._at_B.add_(1).clamp_(max=self._context - 1)  # rows that have ended write on in place
        self._slot_1.add_(1)

    def step(self, token_B: Tensor, at_B: Tensor, span: int) -> Tensor:
        """`logits_BV` after each row's token at its position; positions behind `span` are not read."""
        shape, rows = self._weights.shape, len(token_B)
        heads, kv_heads, head_dim = shape.heads, shape.kv_heads, shape.head_dim
        turns_B1D2 = self._turns_SD2[at_B][:, None]
        seen_B11S = (self._places_S[:span] <= at_B[:, None])[:, None, None]
        x_BC = self._weights.embedding_VC[token_B].float()
        for layer, cache_B2KSD in zip(self._weights.layers, self._caches, strict=True):
            normed_BC = F.rms_norm(x_BC, (shape.hidden,), layer.norm_C, shape.rms_eps)
            qkv_BHD = _product(normed_BC, layer.qkv_NC, layer.qkv_bias_N).view(rows, -1, head_dim)
            turned_BHD = self._turned(qkv_BHD[:, : heads + kv_heads], layer, turns_B1D2)
            kv_B2KD = torch.cat([turned_BHD[:, heads:], qkv_BHD[:, heads + kv_heads :]], 1)
            cache_B2KSD[self._rows_B, :, :, at_B] = kv_B2KD.view(rows, 2, kv_heads, head_dim)
            attended_BKGD = F.scaled_dot_product_attention(
                turned_BHD[:, :heads].reshape(rows, kv_heads, -1, head_dim),
                cache_B2KSD[:, 0, :, :span],
                cache_B2KSD[:, 1, :, :span],
                attn_mask=seen_B11S,
            )
            x_BC = x_BC + _product(attended_BKGD.reshape(rows, -1), layer.out_CN.t(), layer.out_bias_C)
            normed_BC = F.rms_norm(x_BC, (shape.hidden,), layer.mlp_norm_C, shape.rms_eps)
            gate_BN, up_BN = _product(normed_BC, layer.gate_up_NC, layer.gate_up_bias_N).chunk(2, -1)
            x_BC = x_BC + _product(F.silu(gate_BN) * up_BN, layer.down_NC.t(), layer.down_bias_C)
        normed_BC = F.rms_norm(x_BC, (shape.hidden,), self._weights.norm_C, shape.rms_eps)
        return _product(normed_BC, self._weights.head_VC)

    def _turned(self, qk_BHD: Tensor, layer: LayerWeights, turns_B1D2: Tensor) -> Tensor:
        """Queries and keys, normed where the family does so, and turned: pairs of numbers as complex ones."""
        if layer.head_norms_HD is not None:
            qk_BHD = F.rms_norm(qk_BHD, (qk_BHD.shape[-1],), None, self._weights.shape.rms_eps)
            qk_BHD = qk_BHD * layer.head_norms_HD
        real, imaginary = qk_BHD.view(*qk_BHD.shape[:-1], -1, 2).unbind(-1)
        cosine, sine = turns_B1D2.unbind(-1)
        turned = (real * cosine - imaginary * sine, real * sine + imaginary * cosine)
        return torch.stack(turned, -1).flatten(-2)


def _product(x_BC: Tensor, matrix_NC: Tensor, bias_N: Tensor | None = None) -> Tensor:
    """A projection; compiled for one row a sum along rows, which reads the matrix once, in its own type."""
    if torch.compiler.is_compiling() and len(x_BC) == 1:
        y_BN = (matrix_NC.float() * x_BC).sum(-1)[None]
        return y_BN if bias_N is None else y_BN + bias_N
    return product(x_BC, matrix_NC, bias_N)
