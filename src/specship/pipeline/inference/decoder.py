"""Our decoder: a Llama with what its relatives add (biases, norms of heads, stretched rotations), in float32.

Whole sequences are read by torch.  A step after them is computed in one of three ways, which agree to
the order of float32 sums:

- eager, on any device, for one sequence: what all others are held against;
- compiled by the C compiler that is here (`native_step`), on the CPU;
- many rows at once, or captured in a CUDA graph (`row_decoder`).

Axes: T tokens, V vocabulary, C hidden, H query heads, K key-value heads, G query heads a
key-value head, D head size, S positions of the cache.

At batch one and small sizes eager decoding is call overhead, so each layer is few calls: the
rotation is one complex product; residual sums ride on the matrix products; the query heads of one
key-value head are taken as its queries, so that nothing is repeated.

Source: Touvron et al. 2023 (arXiv:2302.13971); Su et al. 2021 (arXiv:2104.09864);
Ainslie et al. 2023 (arXiv:2305.13245); for the relatives see `pipeline.model.families`.
"""
# ruff: noqa: N803, N806 - a tensor's name carries its axes

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812 - the name every reader of torch knows
from torch import Tensor

from specship.errors import UnusableInput
from specship.pipeline.device import resolve_device
from specship.pipeline.inference.decoder_weights import (
    LayerWeights,
    WeightReader,
    WeightType,
    held_as,
    product,
)
from specship.pipeline.inference.drawing import Chance, Drawing, Sampling
from specship.pipeline.inference.native_step import NativeStep, native_library
from specship.pipeline.inference.open_model import OpenModel, open_model
from specship.pipeline.inference.row_decoder import RowDecoder
from specship.pipeline.inference.text_decoder import Completion, Ends, Request, TextDecoder, Writing
from specship.pipeline.model.decoder_shape import DecoderShape

ActivationHook = Callable[[str, Tensor], None]
"""Takes a block's name and its output; the output belongs to the decoder and is to be copied."""
_ROWS: Final = {"cpu": 16, "cuda": 164}
"""Sequences that are written at once; all of HumanEval on a card."""
_CHUNK: Final = {"cpu": 1, "cuda": 16}
"""Steps between two looks at the tokens; a look waits for the device."""


class Decoder(TextDecoder):
    """Weights on a device and one cache of `context` positions."""

    def __init__(
        self,
        checkpoint: OpenModel,
        *,
        device: str = "cpu",
        context: int | None = None,
        weights: WeightType = "float32",
        compiled: bool = False,
    ) -> None:
        """Load the weights; compiled, matrices stay in their type, else they are held as float32.

        Without a C compiler a compiled decoder on the CPU is an eager one, and `how` says so.

        Raises:
            RequirementMissing: the device is not here.
        """
        super().__init__(checkpoint.shape, resolve_device(device), context)
        self.shape: DecoderShape = checkpoint.shape
        on_cuda = self.device.type == "cuda"
        library = native_library() if compiled and not on_cuda else None
        rounded = held_as(checkpoint, weights)
        held = rounded if library or (compiled and on_cuda) else torch.float32
        self._reader = WeightReader(self.shape, self.context, self.device, rounded=rounded, held=held)
        self._weights = self._reader.read(checkpoint)
        self._embedding_VC, self._layers = self._weights.embedding_VC, self._weights.layers
        self._norm_C, self._head_VC = self._weights.norm_C, self._weights.head_VC
        self._turns_SD = self._weights.turns_SD
        self._length = 0
        self._native = NativeStep(library, self._weights) if library else None
        self._graphed = RowDecoder(self._weights, compiled=True) if compiled and on_cuda else None
        self.how: Final = "compiled C" if library else "CUDA graph" if self._graphed else "eager"
        self.weight_type: Final = str(rounded).removeprefix("torch.")

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        device: str = "cpu",
        context: int | None = None,
        weights: WeightType = "float32",
        compiled: bool = False,
    ) -> Decoder:
        """Open a checkpoint folder or a GGUF file of any known family and load it.

        Raises:
            UnusableInput, RequirementMissing: see `open_model` and the class.
        """
        return cls(open_model(path), device=device, context=context, weights=weights, compiled=compiled)

    @cached_property
    def _rows(self) -> RowDecoder:
        compiled = self._graphed is not None
        return RowDecoder(self._weights, rows=_ROWS[self.device.type], compiled=compiled)

    @property
    def bytes_per_token(self) -> int:
        """Of all matrices that a step reads whole; keys and values come on top."""
        layers = [m for one in self._layers for m in (one.qkv_NC, one.out_CN, one.gate_up_NC, one.down_NC)]
        return sum(matrix.nbytes for matrix in (*layers, self._head_VC))

    def _layer(self, checkpoint: OpenModel, index: int) -> LayerWeights:
        return self._reader.layer(checkpoint, index)

    @torch.inference_mode()
    def logits(self, token_ids: Sequence[int]) -> Tensor:
        """`logits_TV` for a whole sequence, teacher-forced; the cache holds the sequence afterwards.

        Raises:
            UnusableInput: empty, longer than the context, or an id outside the vocabulary.
        """
        return product(self._prefill(token_ids), self._head_VC)

    @torch.inference_mode()
    def prompt(self, token_ids: Sequence[int]) -> Tensor:
        """`logits_V` after a sequence, which the cache then holds.

        Raises:
            UnusableInput: see `logits`.
        """
        return product(self._prefill(token_ids)[-1], self._head_VC)

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
        hook("head", product(normed_TC, self._head_VC))

    def _prefill(self, token_ids: Sequence[int], hook: ActivationHook | None = None) -> Tensor:
        shape = self.shape
        self.refuse_ids(token_ids)
        x_TC = self._embedding_VC[torch.tensor(token_ids, device=self.device)].float()
        if hook:
            hook("embedding", x_TC)
        for index, layer in enumerate(self._layers):
            x_TC = self._run_layer(x_TC, layer, hook, f"block.{index}")
        self._length = len(token_ids)
        return F.rms_norm(x_TC, (shape.hidden,), self._norm_C, shape.rms_eps)

    def _run_layer(
        self, x_TC: Tensor, layer: LayerWeights, hook: ActivationHook | None = None, name: str = ""
    ) -> Tensor:
        """What leaves a layer when a whole sequence enters it; its keys and values stay in the cache."""
        nothing_TC = torch.zeros_like(x_TC) if hook else x_TC
        shape, count = self.shape, len(x_TC)
        normed_TC = F.rms_norm(x_TC, (shape.hidden,), layer.norm_C, shape.rms_eps)
        qkv_THD = product(normed_TC, layer.qkv_NC, layer.qkv_bias_N).view(count, -1, shape.head_dim)
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

    def _norm_heads(self, qkv: Tensor, layer: LayerWeights) -> None:
        """Norm queries and keys in place, head by head, where the family does so."""
        if layer.head_norms_HD is not None:
            normed = qkv[..., : self.shape.heads + self.shape.kv_heads, :]
            scaled = F.rms_norm(normed, (self.shape.head_dim,), None, self.shape.rms_eps)
            normed.copy_(scaled.mul_(layer.head_norms_HD))

    def _rotate(self, qkv_THD: Tensor, turns: Tensor) -> None:
        """Turn queries and keys in place; values, which stand behind them, stay."""
        turned = qkv_THD[..., : self.shape.heads + self.shape.kv_heads, :]
        torch.view_as_complex(turned.view(*turned.shape[:-1], -1, 2)).mul_(turns)

    def _project(self, onto_TC: Tensor, seen_TN: Tensor, layer: LayerWeights) -> Tensor:
        """What a layer's attention says, added onto something else."""
        x_TC = torch.addmm(onto_TC, seen_TN, layer.out_CN.float())
        return x_TC if layer.out_bias_C is None else x_TC.add_(layer.out_bias_C)

    def _feed_forward(self, normed_TC: Tensor, layer: LayerWeights, onto_TC: Tensor) -> Tensor:
        """What a layer's feed-forward part makes of its normed input, added onto something else."""
        gate_TN, up_TN = product(normed_TC, layer.gate_up_NC, layer.gate_up_bias_N).chunk(2, -1)
        x_TC = torch.addmm(onto_TC, F.silu(gate_TN).mul_(up_TN), layer.down_NC.float())
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
            raise UnusableInput(
                f"the context of {self.context} positions is full",
                mend="give a shorter prompt, or ask for fewer tokens",
            )
        if self._native:
            self.refuse_ids([token_id])
            self._length = at + 1
            return self._native(token_id, at)
        shape = self.shape
        heads, kv_heads, head_dim = shape.heads, shape.kv_heads, shape.head_dim
        turns_D = self._turns_SD[at]
        x_TC = self._embedding_VC[token_id : token_id + 1].float()
        for layer in self._layers:
            normed_TC = self._norm_row(x_TC, layer.norm_C)
            qkv_HD = product(normed_TC, layer.qkv_NC, layer.qkv_bias_N).view(-1, head_dim)
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
        return product(normed_TC, self._head_VC)[0]

    def _tokens(self, logits_V: Tensor, drawing: Drawing, chance: Chance) -> Iterator[int]:
        if self._graphed is None:
            return super()._tokens(logits_V, drawing, chance)
        return self._graphed.tokens(logits_V, self._length, drawing, chance)

    @torch.inference_mode()
    def generate_many(
        self,
        requests: Sequence[Request],
        *,
        sampling: Sampling | None = None,
        stop_ids: Collection[int] = (),
        banned_ids: Collection[int] = (),
        ends: Ends | None = None,
    ) -> Iterator[tuple[int, Completion]]:
        """Complete many prompts, a fixed number of them at once; see the base class."""
        sampling = sampling or Sampling()
        rows, count = self._rows, _ROWS[self.device.type]
        rows.draws(Drawing(sampling, banned_ids, self.device))
        waiting, writing = deque(enumerate(requests)), dict[int, Writing]()
        while waiting or writing:
            for row in range(count) if waiting else ():
                if waiting and row not in writing:
                    number, wanted = waiting.popleft()
                    self.refuse_length(wanted.prompt_ids, wanted.tokens)
                    logits_V, chance = self.prompt(wanted.prompt_ids), Chance(wanted.seed)
                    rows.begin(row, logits_V, len(wanted.prompt_ids), chance)
                    writing[row] = Writing(number, wanted.tokens, stop_ids, ends)
            for row, tokens in enumerate(rows.advance(_CHUNK[self.device.type])):
                one = writing.get(row)
                ended = next(filter(None, map(one.take, tokens)), None) if one else None
                if one and ended:
                    del writing[row]
                    yield one.number, ended
