"""The reference decoder taken layer by layer, so that one layer can be another without running all again.

Axes: T tokens, C hidden, V vocabulary.
"""
# ruff: noqa: N803, N806 - a tensor's name carries its axes

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F  # noqa: N812 - the name every reader of torch knows
from torch import Tensor

from specship.pipeline.inference.decoder import Decoder
from specship.pipeline.inference.open_model import OpenModel
from specship.pipeline.model.rotations import rotations


class LayeredDecoder(Decoder):
    """A decoder that can be entered before any of its layers."""

    @torch.inference_mode()
    def entering(self, token_ids: Sequence[int]) -> list[Tensor]:
        """`x_TC` as it enters each layer."""
        x_TC, found = self._embedded(token_ids), []
        for layer in self._layers:
            found.append(x_TC)
            x_TC = self._run_layer(x_TC, layer)
        return found

    @torch.inference_mode()
    def losses(
        self,
        sequences: Sequence[Sequence[int]],
        *,
        start: int = 0,
        entered: Sequence[Tensor] | None = None,
        others: Mapping[int, OpenModel] | None = None,
    ) -> Tensor:
        """`losses_T` in nats of every token of the sequences but the first of each, one after another.

        Layers before `start` are not run: `entered` holds what enters that layer, for each sequence.
        `others` gives the models from which single layers are taken instead, each asked for once.
        """
        xs = list(entered) if entered is not None else [self._embedded(ids) for ids in sequences]
        for index in range(start, self.shape.layers):
            other = others[index] if others is not None and index in others else None
            layer = self._layers[index] if other is None else self._layer(other, index)
            xs = [self._run_layer(x_TC, layer) for x_TC in xs]
        return torch.cat([self._scored(x_TC, ids) for x_TC, ids in zip(xs, sequences, strict=True)])

    @contextlib.contextmanager
    def turning(self, theta: float) -> Iterator[None]:
        """Queries and keys turn by another base for a while."""
        own_SD = self._turns_SD
        self._turns_SD = rotations(replace(self.shape, rope_theta=theta), self.context).to(self.device)
        try:
            yield
        finally:
            self._turns_SD = own_SD

    def _embedded(self, token_ids: Sequence[int]) -> Tensor:
        return self._embedding_VC[torch.tensor(token_ids, device=self.device)]

    def _scored(self, x_TC: Tensor, token_ids: Sequence[int]) -> Tensor:
        normed_TC = F.rms_norm(x_TC[:-1], (self.shape.hidden,), self._norm_C, self.shape.rms_eps)
        wanted_T = torch.tensor(token_ids[1:], device=self.device)
        return F.cross_entropy(F.linear(normed_TC, self._head_VC), wanted_T, reduction="none")
