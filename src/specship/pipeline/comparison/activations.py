"""What every block of a model puts out on given tokens: of our decoder, and of a live transformers model.

    embedding  block.N.attention  block.N.mlp  final_norm  head

A block is a part of the forward pass: the embedding, the attention of a layer N, its MLP, the final norm
or the head. Attention and MLP are taken as they are added to the residual, so that an error shows where it
is made and is not thinned by what came before. Figures are made of two activations only where both are of
the same block, the same tokens and the same shape; a mean over seven tokens is no match for one of the last.
Axes: T tokens, X whatever the block puts out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor

from specship.errors import UnusableInput

if TYPE_CHECKING:
    from specship.pipeline.inference.decoder import Decoder

EMBEDDING: Final = "embedding"
FINAL_NORM: Final = "final_norm"
HEAD: Final = "head"


@dataclass(frozen=True, slots=True)
class Activation:
    """The output of one block: its activations on some tokens."""

    block: str
    tokens: tuple[int, int]
    """First position and the one after the last."""
    values_TX: Tensor  # noqa: N815 - axes

    @property
    def shape(self) -> tuple[int, ...]:
        """Tokens and what the block puts out for each."""
        return tuple(self.values_TX.shape)


Activations = dict[str, Activation]
"""By block, in the order in which the blocks work."""


def blocks_of(layers: int) -> list[str]:
    """Names of all blocks of a model, in order."""
    of_layers = [f"block.{index}.{part}" for index in range(layers) for part in ("attention", "mlp")]
    return [EMBEDDING, *of_layers, FINAL_NORM, HEAD]


def decoder_activations(decoder: Decoder, token_ids: Sequence[int]) -> Activations:
    """All blocks of our decoder on a sequence.

    Raises:
        UnusableInput: the sequence exceeds the context or leaves the vocabulary.
    """
    found: Activations = {}

    def keep(block: str, values_TX: Tensor) -> None:  # noqa: N803
        found[block] = Activation(block, (0, len(token_ids)), values_TX.detach().cpu().clone())

    decoder.read(token_ids, keep)
    return found


@torch.inference_mode()
def transformers_activations(model: Any, token_ids: Sequence[int]) -> Activations:
    """All blocks of a transformers model on a sequence, by forward hooks; the model is left as it was."""
    found: Activations = {}
    modules = {EMBEDDING: model.model.embed_tokens, FINAL_NORM: model.model.norm, HEAD: model.lm_head}
    for index, layer in enumerate(model.model.layers):
        modules |= {f"block.{index}.attention": layer.self_attn, f"block.{index}.mlp": layer.mlp}

    def hook(block: str) -> Any:
        def keep(_module: Any, _given: Any, output: Any) -> None:
            values_BTX = output[0] if isinstance(output, tuple) else output  # noqa: N806
            found[block] = Activation(
                block, (0, len(token_ids)), values_BTX[0].detach().float().cpu().clone()
            )

        return keep

    handles = [module.register_forward_hook(hook(block)) for block, module in modules.items()]
    try:
        model(torch.tensor([list(token_ids)], device=model.device))
    finally:
        for handle in handles:
            handle.remove()
    return {block: found[block] for block in blocks_of(len(model.model.layers)) if block in found}


def trimmed(activations: Activations, vocabulary: int) -> Activations:
    """Activations with the head cut to the first so many tokens."""
    head = activations[HEAD]
    return activations | {HEAD: Activation(HEAD, head.tokens, head.values_TX[:, :vocabulary])}


def same_kind(a: Activation, b: Activation) -> None:
    """Refuse a pair of which no figure would mean anything.

    Raises:
        UnusableInput: block, tokens or shape differ.
    """
    for what, of_a, of_b in (
        ("block", a.block, b.block),
        ("tokens", a.tokens, b.tokens),
        ("shape", a.shape, b.shape),
    ):
        if of_a != of_b:
            raise UnusableInput(
                f"the {what} of two records differ: {of_a} and {of_b}",
                why="a figure made of unlike things says nothing about either",
                mend="record the same block over the same tokens on both sides",
            )


def pooled_difference(pairs: Sequence[tuple[Activation, Activation]]) -> float:
    """Norm of the differences over the norm of all first ones: 0 when equal, about 1.4 when unrelated.

    Infinite when a figure of either is not finite.

    Raises:
        UnusableInput: see `same_kind`, or there is nothing to compare.
    """
    if not pairs:
        raise UnusableInput("no block was recorded", why="nothing compared is not agreement")
    apart = scale = 0.0
    for a, b in pairs:
        same_kind(a, b)
        first = a.values_TX.double()
        apart += float((first - b.values_TX.double()).square().sum())
        scale += float(first.square().sum())
    if not math.isfinite(apart) or not math.isfinite(scale):
        return math.inf
    return math.sqrt(apart / scale) if scale else (math.inf if apart else 0.0)
