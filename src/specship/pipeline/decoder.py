"""A Llama decoder in eager torch with a preallocated key-value cache, for one sequence at a time.

Axes: T tokens, V vocabulary, C hidden, H query heads, K key-value heads, G query heads a
key-value head, D head size, S positions of the cache.

At batch one and small sizes decoding is call overhead, so each layer is few calls: the three
projections are one matrix, so are gate and up; the rotation is one complex product (rows of Q
and K are reordered when they are loaded, which leaves every score unchanged); residual sums
ride on the matrix products; the query heads of one key-value head are taken as its queries, so
that nothing is repeated.

Source: Touvron et al. 2023 (arXiv:2302.13971); Su et al. 2021 (arXiv:2104.09864);
Ainslie et al. 2023 (arXiv:2305.13245).
"""
# ruff: noqa: N803, N806, N815 - a tensor's name carries its axes

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812 - the name every reader of torch knows
from torch import Tensor

from specship.errors import UnusableInput
from specship.pipeline.checkpoint_folder import CheckpointFolder, LlamaShape, open_checkpoint
from specship.pipeline.device import resolve_device
from specship.pipeline.rotary_order import interleave_rows

STOP_TOKEN: Final = "stop-token"
TOKEN_LIMIT: Final = "token-limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is drawn.  Temperature 0 is greedy and uses none of the rest."""

    temperature: float = 0.0
    top_k: int = 0
    """Keep the k likeliest tokens; 0 keeps all."""
    top_p: float = 1.0
    """Keep the likeliest tokens that together reach this probability."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """Token ids after the prompt (a stop token is the last one of them), and why it ended."""

    token_ids: tuple[int, ...]
    stop_reason: str


@dataclass(frozen=True, slots=True)
class _Layer:
    norm_C: Tensor
    qkv_NC: Tensor
    out_CN: Tensor  # transposed for addmm
    mlp_norm_C: Tensor
    gate_up_NC: Tensor
    down_NC: Tensor  # transposed for addmm
    cache_2KSD: Tensor  # keys, then values


class Decoder:
    """Weights on a device and one cache of `context` positions."""

    def __init__(
        self, checkpoint: CheckpointFolder, *, device: str = "cpu", context: int | None = None
    ) -> None:
        """Load the weights as float32.

        Raises:
            RequirementMissing: the device is not here.
        """
        self.shape: Final = checkpoint.shape
        self.device: Final = resolve_device(device)
        self.context: Final = min(context or self.shape.context, self.shape.context)
        self._embedding_VC = self._weight(checkpoint, "model.embed_tokens.weight")
        self._norm_C = self._weight(checkpoint, "model.norm.weight")
        self._head_VC = self._embedding_VC if self.shape.tied else self._weight(checkpoint, "lm_head.weight")
        self._layers = [self._layer(checkpoint, index) for index in range(self.shape.layers)]
        self._turns_SD = _rotations(self.shape, self.context).to(self.device)
        self._length = 0

    @classmethod
    def open(cls, folder: Path, *, device: str = "cpu", context: int | None = None) -> Decoder:
        """Open a checkpoint folder and load it.

        Raises:
            UnusableInput, RequirementMissing: see `open_checkpoint` and the class.
        """
        return cls(open_checkpoint(folder), device=device, context=context)

    def _weight(self, checkpoint: CheckpointFolder, name: str) -> Tensor:
        return torch.from_numpy(checkpoint.array(name)).to(self.device, torch.float32)

    def _layer(self, checkpoint: CheckpointFolder, index: int) -> _Layer:
        shape, prefix = self.shape, f"model.layers.{index}."

        def weight(name: str) -> Tensor:
            return self._weight(checkpoint, f"{prefix}{name}.weight")

        queries_NC = interleave_rows(weight("self_attn.q_proj"), shape.heads)
        keys_NC = interleave_rows(weight("self_attn.k_proj"), shape.kv_heads)
        return _Layer(
            norm_C=weight("input_layernorm"),
            qkv_NC=torch.cat([queries_NC, keys_NC, weight("self_attn.v_proj")]),
            out_CN=weight("self_attn.o_proj").t(),
            mlp_norm_C=weight("post_attention_layernorm"),
            gate_up_NC=torch.cat([weight("mlp.gate_proj"), weight("mlp.up_proj")]),
            down_NC=weight("mlp.down_proj").t(),
            cache_2KSD=torch.zeros(2, shape.kv_heads, self.context, shape.head_dim, device=self.device),
        )

    @torch.inference_mode()
    def logits(self, token_ids: Sequence[int]) -> Tensor:
        """`logits_TV` for a whole sequence, teacher-forced; the cache holds the sequence afterwards.

        Raises:
            UnusableInput: empty, longer than the context, or an id outside the vocabulary.
        """
        return F.linear(self._prefill(token_ids), self._head_VC)

    @torch.inference_mode()
    def generate(
        self,
        prompt_ids: Sequence[int],
        tokens: int,
        *,
        sampling: Sampling | None = None,
        stop_ids: Collection[int] = (),
        banned_ids: Collection[int] = (),
    ) -> Completion:
        """Complete a prompt by at most `tokens` tokens.

        Raises:
            UnusableInput: the prompt is unusable (see `logits`), or prompt and tokens exceed the context.
        """
        if len(prompt_ids) + tokens > self.context:
            raise UnusableInput(
                f"{len(prompt_ids)} prompt tokens and {tokens} new ones exceed the context of {self.context}",
                mend="ask for fewer tokens, or cut the prompt",
            )
        stream = self.stream(prompt_ids, sampling=sampling, banned_ids=banned_ids)
        found: list[int] = []
        while len(found) < tokens:
            found.append(stream.next())
            if found[-1] in stop_ids:
                return Completion(tuple(found), STOP_TOKEN)
        return Completion(tuple(found), TOKEN_LIMIT)

    def stream(
        self, prompt_ids: Sequence[int], *, sampling: Sampling | None = None, banned_ids: Collection[int] = ()
    ) -> TokenStream:
        """A stream of tokens after a prompt; the prompt is read before this returns.

        Raises:
            UnusableInput: see `logits`.
        """
        with torch.inference_mode():
            logits_V = F.linear(self._prefill(prompt_ids)[-1], self._head_VC)
        return TokenStream(self, logits_V, sampling or Sampling(), tuple(banned_ids))

    def _prefill(self, token_ids: Sequence[int]) -> Tensor:
        shape = self.shape
        if not 1 <= len(token_ids) <= self.context:
            raise UnusableInput(f"a sequence has 1 to {self.context} tokens; this one has {len(token_ids)}")
        if not all(0 <= token < shape.vocabulary for token in token_ids):
            raise UnusableInput(
                f"ids {min(token_ids)} to {max(token_ids)} leave the vocabulary of {shape.vocabulary}",
                why="the model and the tokenizer do not belong together",
            )
        count = len(token_ids)
        x_TC = self._embedding_VC[torch.tensor(token_ids, device=self.device)]
        for layer in self._layers:
            normed_TC = F.rms_norm(x_TC, (shape.hidden,), layer.norm_C, shape.rms_eps)
            qkv_THD = F.linear(normed_TC, layer.qkv_NC).view(count, -1, shape.head_dim)
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
            x_TC = torch.addmm(x_TC, seen_HTD.transpose(0, 1).reshape(count, -1), layer.out_CN)
            x_TC = self._feed_forward(x_TC, layer)
        self._length = count
        return F.rms_norm(x_TC, (shape.hidden,), self._norm_C, shape.rms_eps)

    def _rotate(self, qkv_THD: Tensor, turns: Tensor) -> None:
        """Turn queries and keys in place; values, which stand behind them, stay."""
        turned = qkv_THD[..., : self.shape.heads + self.shape.kv_heads, :]
        torch.view_as_complex(turned.view(*turned.shape[:-1], -1, 2)).mul_(turns)

    def _feed_forward(self, x_TC: Tensor, layer: _Layer) -> Tensor:
        normed_TC = F.rms_norm(x_TC, (self.shape.hidden,), layer.mlp_norm_C, self.shape.rms_eps)
        gate_TN, up_TN = F.linear(normed_TC, layer.gate_up_NC).chunk(2, -1)
        return torch.addmm(x_TC, F.silu(gate_TN).mul_(up_TN), layer.down_NC)

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
            normed_TC = F.rms_norm(x_TC, (shape.hidden,), layer.norm_C, shape.rms_eps)
            qkv_HD = F.linear(normed_TC, layer.qkv_NC).view(-1, head_dim)
            self._rotate(qkv_HD, turns_D)
            layer.cache_2KSD[:, :, at].copy_(qkv_HD[heads:].view(2, kv_heads, head_dim))
            keys_KSD, values_KSD = layer.cache_2KSD[:, :, : at + 1].unbind()
            seen_KGD = F.scaled_dot_product_attention(
                qkv_HD[:heads].view(1, kv_heads, -1, head_dim), keys_KSD[None], values_KSD[None]
            )
            x_TC = torch.addmm(x_TC, seen_KGD.reshape(1, -1), layer.out_CN)
            x_TC = self._feed_forward(x_TC, layer)
        self._length = at + 1
        normed_TC = F.rms_norm(x_TC, (shape.hidden,), self._norm_C, shape.rms_eps)
        return F.linear(normed_TC, self._head_VC)[0]


class TokenStream:
    """Draws one token after another; the first is drawn from the prompt's own logits."""

    def __init__(
        self, decoder: Decoder, logits_V: Tensor, sampling: Sampling, banned: tuple[int, ...]
    ) -> None:
        self._decoder = decoder
        self._logits_V = logits_V
        self._sampling = sampling
        self._banned = list(banned)
        self._last: int | None = None
        self._random = torch.Generator().manual_seed(sampling.seed)

    @torch.inference_mode()
    def next(self) -> int:
        """The next token's id.

        Raises:
            UnusableInput: the context is full.
        """
        logits_V = self._logits_V if self._last is None else self._decoder.step(self._last)
        if self._banned:
            logits_V[self._banned] = -torch.inf
        self._last = int(logits_V.argmax()) if self._sampling.temperature == 0 else self._draw(logits_V)
        return self._last

    def _draw(self, logits_V: Tensor) -> int:
        """Draw on the processor, so that a seed means the same tokens wherever the logits were made."""
        wanted = self._sampling
        scaled_V = logits_V.float().cpu() / wanted.temperature
        sorted_V, order_V = scaled_V.sort(descending=True, stable=True)
        if wanted.top_k:
            sorted_V = sorted_V[: wanted.top_k]
        probability_V = sorted_V.softmax(-1)
        if wanted.top_p < 1:
            before_V = probability_V.cumsum(-1) - probability_V
            probability_V = probability_V[before_V < wanted.top_p]
        return int(order_V[torch.multinomial(probability_V, 1, generator=self._random)])


def _rotations(shape: LlamaShape, context: int) -> Tensor:
    """Unit complex numbers for each position and pair of dimensions, `turns_SD` with D halved."""
    exponent_D = torch.arange(0, shape.head_dim, 2, dtype=torch.float32) / shape.head_dim
    angle_SD = torch.outer(torch.arange(context, dtype=torch.float32), 1.0 / shape.rope_theta**exponent_D)
    return torch.polar(torch.ones_like(angle_SD), angle_SD)


def generate_text(
    checkpoint: Path,
    prompt: str,
    *,
    tokens: int = 128,
    temperature: float = 0.0,
    seed: int = 0,
    device: str = "cpu",
) -> str:
    """The text that a checkpoint writes after a prompt, up to a stop token or the token limit.

    Raises:
        UnusableInput: the checkpoint or the prompt cannot be used.
        RequirementMissing: the device is not here.
    """
    opened = open_checkpoint(checkpoint)
    tokenizer = opened.tokenizer()
    decoder = Decoder(opened, device=device)
    completion = decoder.generate(
        tokenizer.encode(prompt).ids,
        tokens,
        sampling=Sampling(temperature=temperature, seed=seed),
        stop_ids=opened.shape.eos_ids,
    )
    return str(tokenizer.decode(completion.token_ids, skip_special_tokens=True))
