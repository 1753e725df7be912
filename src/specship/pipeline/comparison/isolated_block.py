"""One block of a model by itself, as a model of its own: what goes in is given instead of an embedding.

So a hypothesis about one block of many costs one block, and what other blocks do cannot hide it. Axes:
T tokens of all sequences, C hidden.
"""
# ruff: noqa: N803 - a tensor's name carries its axes

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from torch import Tensor

from specship.pipeline.comparison.activations import EMBEDDING, HEAD, Activations, blocks_of
from specship.pipeline.comparison.quantization_noise import Array
from specship.pipeline.inference.open_model import OpenModel
from specship.pipeline.inference.substituted_model import SubstitutedModel
from specship.pipeline.model.decoder_shape import EMBEDDING as EMBEDDING_TENSOR
from specship.pipeline.model.decoder_shape import HEAD as HEAD_TENSOR


def given_to(block: str, activations: Activations, layers: int) -> Tensor:
    """What the residual holds before a block: the embedding and all that blocks before it added."""
    if block == EMBEDDING:
        return activations[EMBEDDING].values_TX
    order = blocks_of(layers)
    at = order.index(block)
    before = order[: at - (block.endswith(".mlp"))] if block.startswith("block.") else order[:-2]
    total_TC = activations[EMBEDDING].values_TX.double()  # noqa: N806
    for name in before[1:]:
        total_TC = total_TC + activations[name].values_TX  # noqa: N806
    return total_TC.float()


def isolated(model: OpenModel, block: str, given_TC: Tensor) -> OpenModel:
    """A model whose only layer, or none, is that of a block; token number t is row t of what is given.

    Its blocks are called `block.0.attention` and so on; `embedding` stays the model's own.
    """
    names = {"model.norm.weight": "model.norm.weight"}
    shape = replace(model.shape, layers=0, tied=True)
    if block == EMBEDDING:
        return SubstitutedModel(model, shape, model.tensors, {})
    shape = replace(shape, vocabulary=len(given_TC))
    if block == HEAD:
        names[HEAD_TENSOR] = EMBEDDING_TENSOR if model.shape.tied else HEAD_TENSOR
        shape = replace(shape, tied=False)
    if block.startswith("block."):
        prefix = f"model.layers.{block.split('.')[1]}."
        own = [name for name in model.tensors if name.startswith(prefix)]
        names |= {f"model.layers.0.{name.removeprefix(prefix)}": name for name in own}
        shape = replace(shape, layers=1)
    tensors = {new: model.tensors[old] for new, old in names.items()}
    return SubstitutedModel(model, shape, tensors, _Renamed(model, names, given_TC.numpy()))


class _Renamed(Mapping[str, Array]):
    """Tensors of a model under other names, read when they are asked for, and an embedding of its own."""

    def __init__(self, model: OpenModel, names: Mapping[str, str], embedding: Array) -> None:
        self._model, self._names, self._embedding = model, names, embedding

    def __getitem__(self, name: str) -> Array:
        return self._embedding if name == EMBEDDING_TENSOR else self._model.array(self._names[name])

    def __iter__(self) -> Iterator[str]:
        return iter((*self._names, EMBEDDING_TENSOR))

    def __len__(self) -> int:
        return len(self._names) + 1
