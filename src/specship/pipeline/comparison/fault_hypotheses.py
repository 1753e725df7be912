"""Hypotheses about a block that diverges: each fault is undone on side b, and the block is computed again.

It is computed in isolation, so that what other blocks do cannot hide the effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import torch

from specship.pipeline.comparison.activations import (
    EMBEDDING,
    FINAL_NORM,
    HEAD,
    Activation,
    Activations,
    decoder_activations,
    pooled_difference,
)
from specship.pipeline.comparison.isolated_block import given_to, isolated
from specship.pipeline.comparison.quantization_noise import types_of
from specship.pipeline.comparison.tensor_comparison import difference
from specship.pipeline.comparison.weight_transformations import best_undoing
from specship.pipeline.inference.decoder import Decoder
from specship.pipeline.inference.open_model import OpenModel
from specship.pipeline.inference.substituted_model import SubstitutedModel
from specship.pipeline.model.decoder_shape import EMBEDDING as EMBEDDING_TENSOR
from specship.pipeline.model.decoder_shape import HEAD as HEAD_TENSOR
from specship.pipeline.model.decoder_shape import DecoderShape, expected_tensors
from specship.pipeline.model.rotations import frequencies

_EPSILONS: Final = (1e-5, 1e-6, 1e-8, 1e-12, 1e-3)
_THETAS: Final = (1e4, 5e5, 1e6, 1e5, 5e6)
"""What models in use have; the other side's own figure is tried before them."""
_ENOUGH_TOKENS: Final = 8
"""A constant is seen to be one only over so many tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultHypothesis:
    """One fault that was undone, and the block's relative difference before and after."""

    kind: str
    what: str
    before: float
    after: float


class BlockCase:
    """One block of two sides: what side a feeds into it, and what both put out."""

    def __init__(
        self,
        a: OpenModel,
        b: OpenModel,
        block: str,
        sequences: Sequence[tuple[int, ...]],
        activations: tuple[Sequence[Activations], Sequence[Activations]],
    ) -> None:
        self.a, self.b, self.block, self.sequences = a, b, block, sequences
        self.good = [one[block] for one in activations[0]]
        self.bad = [one[block] for one in activations[1]]
        layers = a.shape.layers
        given = [
            one[EMBEDDING].values_TX if block == EMBEDDING else given_to(block, one, layers)
            for one in activations[0]
        ]
        self.given_TC = torch.cat(given)
        self.before = pooled_difference(list(zip(self.good, self.bad, strict=True)))

    def by_weights(self) -> Iterator[FaultHypothesis]:
        """Undo, all at once, what seems to have been done to the block's tensors."""
        fixed: dict[str, Any] = {}
        found: list[tuple[float, str, str]] = []
        for name in self._tensors():
            good, bad = self.a.array(name), self.b.array(name)
            compared = difference(name, good, bad, (types_of(self.a)[name], types_of(self.b)[name]))
            if not compared.diverges:
                continue
            undoing = best_undoing(name, good, bad, self.b.shape)
            if undoing is None:
                return
            fixed[name] = undoing[0].array
            found.append((compared.relative_difference, undoing[0].kind, f"{name}: {undoing[0].what}"))
        if found:
            kinds = dict.fromkeys(kind for _, kind, _ in sorted(found, reverse=True))
            what = "; ".join(text for *_, text in found)
            yield self._tested(" and ".join(kinds), what, SubstitutedModel.of(self.b, fixed))
        yield from self._exchanged()
        yield from self._bias_vectors()

    def _exchanged(self) -> Iterator[FaultHypothesis]:
        """Two tensors of the block that stand in each other's place."""
        names = self._tensors()
        for at, name in enumerate(names):
            for other in names[at + 1 :]:
                if self.b.tensors[name].shape != self.b.tensors[other].shape:
                    continue
                fixed = {name: self.b.array(other), other: self.b.array(name)}
                types = types_of(self.a)[name], types_of(self.b)[other]
                if difference(name, self.a.array(name), fixed[name], types).diverges:
                    continue
                if not difference(name, self.a.array(name), self.b.array(name), types).diverges:
                    continue
                yield self._tested(
                    "permuted",
                    f"{name} and {other} stand in each other's place",
                    SubstitutedModel.of(self.b, fixed),
                )

    def _bias_vectors(self) -> Iterator[FaultHypothesis]:
        """Biases that one side has and the other has not."""
        ours, theirs = self.a.shape.biases, self.b.shape.biases
        if ours == theirs:
            return
        shape = replace(self.b.shape, biases=ours)
        added = [name for name in expected_tensors(shape) if name not in self.b.tensors]
        fixed = {name: self.a.array(name) for name in added}
        tensors = {
            name: (self.b.tensors if name in self.b.tensors else self.a.tensors)[name]
            for name in expected_tensors(shape)
        }
        lost = sorted(self.b.tensors.keys() - tensors.keys())
        what = f"{len(added)} bias vectors are missing" if added else f"{len(lost)} bias vectors are too many"
        yield self._tested(
            "biased", f"{what}, first {(added or lost)[0]}", SubstitutedModel(self.b, shape, tensors, fixed)
        )

    def by_configuration(self) -> Iterator[FaultHypothesis]:
        """Other figures of the configuration; only those that this block uses."""
        good, bad = self.a.shape, self.b.shape
        if self.block not in {EMBEDDING, HEAD}:
            for eps in dict.fromkeys((good.rms_eps, *_EPSILONS)):
                if eps != bad.rms_eps:
                    yield self._reshaped(
                        "wrong eps", f"rms_norm_eps {bad.rms_eps:g} should be {eps:g}", rms_eps=eps
                    )
        if self.block.endswith("attention"):
            for theta in dict.fromkeys((good.rope_theta, *_THETAS)):
                if theta != bad.rope_theta:
                    what = f"rope_theta {bad.rope_theta:g} should be {theta:g}"
                    yield self._reshaped("wrong theta", what, rope_theta=theta)
            if not _turns_alike(replace(good, rope_theta=bad.rope_theta), bad):
                what = (
                    f"rope scaling {bad.rope.kind} should be {good.rope.kind} of factor {good.rope.factor:g}"
                )
                yield self._reshaped("wrong rope", what, rope=good.rope, rope_theta=good.rope_theta)

    def by_output(self) -> Iterator[FaultHypothesis]:
        """A factor on the block's output, or a vector added to it, whatever made it."""
        good = torch.cat([one.values_TX for one in self.good]).double()
        bad = torch.cat([one.values_TX for one in self.bad]).double()
        if not (good.isfinite().all() and bad.isfinite().all()):
            return
        if square := float((bad * bad).sum()):
            factor = float((good * bad).sum()) / square
            if factor:
                what = f"its output is {1 / factor:.6g} times what it should be"
                yield self._of_output("scaled", what, good, bad * factor)
        if len(good) >= _ENOUGH_TOKENS:
            bias = (good - bad).mean(0)
            what = f"a vector of norm {float(bias.norm()):.6g} is missing from its output"
            yield self._of_output("biased", what, good, bad + bias)

    def _of_output(self, kind: str, what: str, good: torch.Tensor, fixed: torch.Tensor) -> FaultHypothesis:
        tokens = (0, len(good))
        after = pooled_difference(
            [(Activation(self.block, tokens, good), Activation(self.block, tokens, fixed))]
        )
        return FaultHypothesis(kind=kind, what=what, before=self.before, after=after)

    def _reshaped(self, kind: str, what: str, **changes: Any) -> FaultHypothesis:
        return self._tested(
            kind, what, SubstitutedModel(self.b, replace(self.b.shape, **changes), self.b.tensors, {})
        )

    def _tested(self, kind: str, what: str, model: SubstitutedModel) -> FaultHypothesis:
        """Compute the block again with a fault undone, on what side a feeds into it."""
        decoder = Decoder(isolated(model, self.block, self.given_TC), context=max(map(len, self.sequences)))
        own = f"block.0.{self.block.split('.')[2]}" if self.block.startswith("block.") else self.block
        pairs, at = [], 0
        for good, ids in zip(self.good, self.sequences, strict=True):
            rows = ids if self.block == EMBEDDING else range(at, at + len(ids))
            at += len(ids)
            values_TX = decoder_activations(decoder, rows)[own].values_TX[:, : good.shape[1]]  # noqa: N806 - axes
            pairs.append((good, Activation(self.block, good.tokens, values_TX)))
        return FaultHypothesis(kind=kind, what=what, before=self.before, after=pooled_difference(pairs))

    def _tensors(self) -> list[str]:
        """Names of the block's tensors that both sides have in one shape."""
        return [
            name
            for name in block_tensors(self.block, self.b)
            if name in self.a.tensors and self.a.tensors[name].shape == self.b.tensors[name].shape
        ]


def _turns_alike(one: DecoderShape, other: DecoderShape) -> bool:
    """Whether two rotations are the same, however they are written down."""
    lengths = {shape.rope.attention_factor if shape.rope.kind == "yarn" else 1.0 for shape in (one, other)}
    return len(lengths) == 1 and torch.allclose(frequencies(one), frequencies(other), rtol=1e-5, atol=0.0)


def block_tensors(block: str, model: OpenModel) -> list[str]:
    """The tensors that a block uses."""
    whole: Mapping[str, list[str]] = {
        EMBEDDING: [EMBEDDING_TENSOR],
        FINAL_NORM: ["model.norm.weight"],
        HEAD: [EMBEDDING_TENSOR if model.shape.tied else HEAD_TENSOR],
    }
    if block in whole:
        return whole[block]
    _, index, part = block.split(".")
    own = ("input_layernorm.", "self_attn.") if part == "attention" else ("post_attention_layernorm.", "mlp.")
    prefix = f"model.layers.{index}."
    return [name for name in model.tensors if name.startswith(tuple(prefix + one for one in own))]
