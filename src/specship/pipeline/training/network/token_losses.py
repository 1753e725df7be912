"""Cross entropy of a linear head, without ever holding the logits of a whole batch.

Tokens are taken some at a time: their logits, their loss, and at once what both gradients get from them, so
that a backward pass multiplies nothing again. Sums of losses and of the head's gradient are in float32.

Axes: N tokens, C hidden, V vocabulary, U vocabulary as the products see it.

Source: the idea is that of Liger Kernel's fused linear cross entropy (Hsu et al. 2024, arXiv:2410.10989);
decision 0041 says why it is written here.
"""
# ruff: noqa: N803, N806 - a tensor's name carries its axes

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import torch
import torch.nn.functional as F  # noqa: N812 - the name every reader of torch knows
from torch import Tensor

Slopes = Callable[[Tensor, Tensor, Tensor, int, Tensor | None], tuple[Tensor, Tensor]]
_CHUNK_BYTES: Final = {"cpu": 1 << 21, "cuda": 1 << 29}
"""Of the logits of a chunk in float32: what a processor's cache holds; on a card enough to be busy with."""
_ALIGNED: Final = 64
"""Rows of the head, on a card: products of odd widths take slower kernels."""


def chunk_slopes(
    hidden_nC: Tensor, head_UC: Tensor, targets_n: Tensor, vocabulary: int, learned_n: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Summed loss of some tokens, and by how much it grows with each logit, `[n, U]`.

    Columns from `vocabulary` on are no tokens and get no probability. Where not all tokens are learned, the
    others count neither in the sum nor in the slopes.
    """
    logits_nV = (hidden_nC @ head_UC.t())[:, :vocabulary].float()
    target_n1 = targets_n[:, None]
    slopes_nV = torch.softmax(logits_nV, dim=-1)
    # The logarithm of the sum follows from the largest logit and its share, which is never small.
    largest_n1, share_n1 = logits_nV.amax(1, keepdim=True), slopes_nV.amax(1, keepdim=True)
    losses_n1 = largest_n1 - share_n1.log() - logits_nV.gather(1, target_n1)
    slopes_nV.scatter_(1, target_n1, slopes_nV.gather(1, target_n1) - 1.0)
    if learned_n is not None:
        losses_n1 = losses_n1 * learned_n[:, None]
        slopes_nV = slopes_nV * learned_n[:, None]
    loss = losses_n1.sum()
    return loss, F.pad(slopes_nV.to(hidden_nC.dtype), (0, len(head_UC) - vocabulary))


class LinearCrossEntropy(torch.autograd.Function):
    """Mean cross entropy of `hidden_NC @ weight_VC.T` against `targets_N`, nats a token.

    The gradients are those of the mean and are made in the forward pass, in chunks; the backward pass scales
    them. It cannot be differentiated twice.
    """

    @staticmethod
    def forward(
        ctx: Any,
        hidden_NC: Tensor,
        weight_VC: Tensor,
        targets_N: Tensor,
        slopes: Slopes,
        learned_N: Tensor | None = None,
    ) -> Tensor:
        """The mean loss, float32; over the targets that are learned, where not all are."""
        vocabulary = len(weight_VC)
        head_UC = _head(weight_VC, hidden_NC)
        wanted = weight_VC.requires_grad or hidden_NC.requires_grad
        hidden_slope_NC = torch.empty_like(hidden_NC)
        head_slope_UC = torch.zeros_like(head_UC, dtype=torch.float32)
        total = torch.zeros((), dtype=torch.float32, device=hidden_NC.device)
        for part in chunks(len(targets_N), len(head_UC), hidden_NC.device):
            loss, slopes_nU = slopes(
                hidden_NC[part],
                head_UC,
                targets_N[part],
                vocabulary,
                None if learned_N is None else learned_N[part],
            )
            total += loss
            if wanted:
                torch.mm(slopes_nU, head_UC, out=hidden_slope_NC[part])
                _add_product(head_slope_UC, slopes_nU, hidden_NC[part])
        share: float | Tensor = 1.0 / len(targets_N)
        if learned_N is not None:
            share = learned_N.sum().clamp(min=1).reciprocal()
        ctx.save_for_backward(hidden_slope_NC.mul_(share), head_slope_UC[:vocabulary].mul_(share))
        return total * share

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        """Gradients of the hidden states and of the head."""
        hidden_NC, weight_VC = ctx.saved_tensors
        return slope.to(hidden_NC.dtype) * hidden_NC, slope * weight_VC, None, None, None


def losses_of(hidden_NC: Tensor, weight_VC: Tensor, targets_N: Tensor) -> Tensor:
    """Cross entropy of each token, nats, `losses_N` in float32; without gradients."""
    head_UC = _head(weight_VC, hidden_NC)
    found = []
    with torch.no_grad():
        for part in chunks(len(targets_N), len(head_UC), hidden_NC.device):
            logits_nV = (hidden_NC[part] @ head_UC.t())[:, : len(weight_VC)].float()
            found.append(F.cross_entropy(logits_nV, targets_N[part], reduction="none"))
    return torch.cat(found)


def chunks(tokens: int, width: int, device: torch.device) -> Iterator[slice]:
    """Parts of the tokens whose logits are few enough: a power of two at a time, but for the last."""
    most = max(1, _CHUNK_BYTES.get(device.type, _CHUNK_BYTES["cuda"]) // (4 * width))
    size = 1 << (most.bit_length() - 1)
    for start in range(0, tokens, size):
        yield slice(start, min(tokens, start + size))


def _head(weight_VC: Tensor, hidden_NC: Tensor) -> Tensor:
    """The head in the type of what it multiplies; on a card with rows of zeros up to a width that is fast."""
    head_VC = weight_VC.detach().to(hidden_NC.dtype)
    missing = -len(head_VC) % _ALIGNED if hidden_NC.device.type != "cpu" else 0
    return F.pad(head_VC, (0, 0, 0, missing)) if missing else head_VC


def _add_product(onto_UC: Tensor, slopes_nU: Tensor, hidden_nC: Tensor) -> None:
    """Add a chunk's share to the head's gradient, in float32 also where the product is not."""
    if hidden_nC.dtype == torch.float32:
        onto_UC.addmm_(slopes_nU.t(), hidden_nC)
    else:
        onto_UC += slopes_nU.t() @ hidden_nC
