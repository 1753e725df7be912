"""The model: transformers' Llama, built from a declared architecture or from a checkpoint's weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from specship.errors import DamagedArtifact

_SPELLED_TWICE: Final = {"architectures", "model_type", "rope_theta", "torch_dtype"}
"""Fields that `LlamaConfig` derives itself."""


def build_model(config: Mapping[str, Any], device: torch.device) -> nn.Module:
    """A model with fresh weights drawn from torch's seeded generator, in float32.

    The weights are drawn on the CPU, so that a seed means the same weights on every device.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    fields = {name: value for name, value in config.items() if name not in _SPELLED_TWICE}
    declared = LlamaConfig(**fields)
    declared._attn_implementation = "sdpa"  # noqa: SLF001 - the public keyword is not in its signature
    model = cast("nn.Module", LlamaForCausalLM(declared))
    return model.to(device=device, dtype=torch.float32)


def load_weights(model: nn.Module, path: Path) -> int:
    """Copy every tensor of a safetensors file into the model; returns how many there were.

    Raises:
        DamagedArtifact: the file cannot be read, or a tensor is missing, unknown or of another shape.
    """
    try:
        stored = load_file(path)
    except (SafetensorError, OSError) as error:
        raise DamagedArtifact(f"cannot be read as safetensors: {error}", at=path) from error
    own = dict(model.named_parameters())
    wrong = sorted(stored.keys() ^ own.keys()) + sorted(
        name for name in stored.keys() & own.keys() if stored[name].shape != own[name].shape
    )
    if wrong:
        raise DamagedArtifact(
            f"{len(wrong)} tensors do not fit the declared architecture, the first is {wrong[0]}",
            at=path,
            why="weights that are skipped quietly leave a random model under a trained one's name",
            mend="declare the architecture these weights were trained with",
        )
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(stored[name])
    return len(own)


def token_losses(model: nn.Module, tokens_BT: torch.Tensor) -> torch.Tensor:  # noqa: N803 - axes of a tensor
    """Cross entropy of each next token, nats: [B, T] from windows of T + 1 tokens."""
    logits_BTV = model(input_ids=tokens_BT[:, :-1], use_cache=False).logits.float()  # noqa: N806
    losses_N = nn.functional.cross_entropy(  # noqa: N806
        logits_BTV.flatten(0, 1), tokens_BT[:, 1:].flatten(), reduction="none"
    )
    return losses_N.view(tokens_BT.shape[0], -1)


def mean_loss(model: nn.Module, tokens_BT: torch.Tensor) -> torch.Tensor:  # noqa: N803 - axes of a tensor
    """Mean cross entropy over the next tokens of windows of T + 1 tokens, nats a token."""
    logits_BTV = model(input_ids=tokens_BT[:, :-1], use_cache=False).logits.float()  # noqa: N806
    return nn.functional.cross_entropy(logits_BTV.flatten(0, 1), tokens_BT[:, 1:].flatten())
