"""Held-out loss with its standard error, over the same windows every time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from specship.pipeline.shards.boundaries import documents_of, pieces_of
from specship.pipeline.training.causal_model import token_losses

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from specship.pipeline.inference.text_decoder import TextDecoder


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The loss of one model on fixed held-out windows."""

    loss: float
    """Mean over tokens, nats a token."""
    standard_error: float
    """Of that mean, over sequences: tokens of one sequence are not independent. Nats a token."""
    tokens: int
    sequences: int


def evaluate(
    model: nn.Module,
    windows_WT: NDArray[np.int64],  # noqa: N803 - axes of an array
    *,
    sequences: int,
    dtype: torch.dtype = torch.float32,
    separator_id: int | None = None,
) -> HeldOut:
    """Score windows of T + 1 tokens, `sequences` at a time, without touching the model's mode for long.

    With the separator's id each document is scored by itself; without, it sees those before it in its window.

    A model of ours works in `dtype`, and never compiled: batches of other sizes would be compiled anew.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    means: list[float] = []
    try:
        with torch.no_grad(), torch.compiler.set_stance("force_eager"):
            for start in range(0, len(windows_WT), sequences):
                read_BT = windows_WT[start : start + sequences]  # noqa: N806
                tokens_BT = torch.from_numpy(read_BT).to(device)  # noqa: N806
                documents_BT = None  # noqa: N806
                if separator_id is not None:
                    documents_BT = torch.from_numpy(documents_of(read_BT, separator_id)).to(device)  # noqa: N806
                losses_BT = token_losses(model, tokens_BT, dtype, documents_BT)  # noqa: N806
                means += losses_BT.double().mean(dim=1).tolist()
    finally:
        model.train(was_training)
    return summary(means, windows_WT.shape[1] - 1)


def scored(
    decoder: TextDecoder,
    windows_WT: NDArray[np.int64],  # noqa: N803 - axes of an array
    separator_id: int | None = None,
) -> HeldOut:
    """The same of a decoder that is there already, whoever computes it.

    Raises:
        UnusableInput: a window is longer than the context, or has an id outside the vocabulary.
    """
    means_W = window_losses(decoder, windows_WT, separator_id).mean(dim=1)  # noqa: N806
    return summary(means_W.tolist(), windows_WT.shape[1] - 1)


def window_losses(
    decoder: TextDecoder,
    windows_WT: NDArray[np.int64],  # noqa: N803 - axes of an array
    separator_id: int | None = None,
) -> torch.Tensor:
    """`losses_WT` of each target; with the separator's id each document is scored by itself.

    Raises:
        UnusableInput: a window is longer than the context, or has an id outside the vocabulary.
    """
    windows: list[list[int]] = windows_WT.tolist()
    if separator_id is not None:
        windows = [piece for window in windows for piece in pieces_of(window, separator_id)]
    return decoder.losses(windows).double().view(len(windows_WT), -1)


def summary(means: Sequence[float], length: int) -> HeldOut:
    """Mean and standard error from the mean losses of sequences of `length` targets each."""
    count = len(means)
    mean = math.fsum(means) / count if all(map(math.isfinite, means)) else math.nan
    spread = math.fsum((value - mean) ** 2 for value in means) / max(1, count - 1)
    return HeldOut(mean, math.sqrt(spread / count), count * length, count)
