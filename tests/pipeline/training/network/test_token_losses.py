"""The loss in chunks against torch's own, and how much it holds at once."""
# ruff: noqa: N806 - a suffix names the axes of a tensor

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from specship.pipeline.training.network import token_losses
from specship.pipeline.training.network.token_losses import (
    LinearCrossEntropy,
    chunk_slopes,
    chunks,
    losses_of,
)


def case(
    tokens: int = 70, vocabulary: int = 37, dtype: torch.dtype = torch.float64
) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    hidden_NC = torch.randn(tokens, 8, generator=generator).to(dtype).requires_grad_()
    weight_VC = (3 * torch.randn(vocabulary, 8, generator=generator)).requires_grad_()
    return hidden_NC, weight_VC, torch.randint(vocabulary, (tokens,), generator=generator)


def gradients(loss: Tensor, *of: Tensor) -> list[Tensor]:
    return [found.float() for found in torch.autograd.grad(loss, of)]


@pytest.mark.parametrize("rows", [1, 16, 64, 1024])
@pytest.mark.parametrize("aligned", [1, 64])
def test_loss_and_gradients_are_torchs_own(monkeypatch: pytest.MonkeyPatch, rows: int, aligned: int) -> None:
    """Whatever the chunks, and with rows of zeros up to a width that is fast, as on a card."""
    monkeypatch.setattr(token_losses, "_CHUNK_BYTES", {"cpu": 4 * 64 * rows, "cuda": 0})
    honest = token_losses._head
    monkeypatch.setattr(token_losses, "_head", lambda w, h: F.pad(honest(w, h), (0, 0, 0, -len(w) % aligned)))
    hidden_NC, weight_VC, targets_N = case(dtype=torch.float32)
    loss = 0.5 * LinearCrossEntropy.apply(hidden_NC, weight_VC, targets_N, chunk_slopes)  # type: ignore[no-untyped-call]
    expected = 0.5 * F.cross_entropy(hidden_NC @ weight_VC.t(), targets_N)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    pairs = zip(gradients(loss, hidden_NC, weight_VC), gradients(expected, hidden_NC, weight_VC), strict=True)
    assert all(torch.allclose(ours, theirs, atol=1e-7, rtol=1e-5) for ours, theirs in pairs)
    assert torch.allclose(
        losses_of(hidden_NC, weight_VC, targets_N),
        F.cross_entropy(hidden_NC @ weight_VC.t(), targets_N, reduction="none"),
        atol=1e-5,
    )


def test_a_target_that_is_next_to_impossible_has_its_loss() -> None:
    """Its probability is below every float32."""
    hidden_NC, weight_VC = torch.ones(1, 1), torch.tensor([[0.0], [300.0]])
    loss = LinearCrossEntropy.apply(hidden_NC, weight_VC, torch.tensor([0]), chunk_slopes)  # type: ignore[no-untyped-call]
    assert loss.item() == 300.0


class Largest(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Numbers of the largest tensor in float32 that an operation gave."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        for one in found if isinstance(found, tuple | list) else (found,):
            if isinstance(one, Tensor) and one.dtype == torch.float32:
                self.numbers = max(self.numbers, one.numel())
        return found


def test_logits_of_a_whole_batch_are_never_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither forward nor backward; torch's own holds them, which shows that it would be seen."""
    monkeypatch.setattr(token_losses, "_CHUNK_BYTES", {"cpu": 4 * 64 * 97, "cuda": 0})
    hidden_NC, weight_VC, targets_N = case(tokens=512, vocabulary=97, dtype=torch.float32)
    with Largest() as ours:
        LinearCrossEntropy.apply(hidden_NC, weight_VC, targets_N, chunk_slopes).backward()  # type: ignore[no-untyped-call]
        losses_of(hidden_NC, weight_VC, targets_N)
    with Largest() as theirs:
        F.cross_entropy(hidden_NC @ weight_VC.t(), targets_N).backward()  # type: ignore[no-untyped-call]
    assert ours.numbers == 64 * 97
    assert theirs.numbers == 512 * 97


def test_chunks_are_powers_of_two_and_leave_nothing_out() -> None:
    parts = list(chunks(1000, 2048, torch.device("cpu")))
    assert [part.stop - part.start for part in parts] == [256, 256, 256, 232]
    assert [part.start for part in parts] == [0, 256, 512, 768]


def test_the_head_is_padded_on_a_card_alone() -> None:
    """Known without one, from shapes on the device that has no values."""
    odd = torch.empty(50_257, 4, device="meta")
    assert len(token_losses._head(odd, torch.empty(1, 4, device="meta"))) == 50_304
    assert len(token_losses._head(torch.empty(37, 4), torch.empty(1, 4))) == 37
