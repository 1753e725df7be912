"""The model that is trained: built from a configuration, with weights put into it by name.

Code that lies beside a checkpoint is never run: what is built follows from the configuration alone, as our
own reader of its family reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from specship.errors import DamagedArtifact
from specship.pipeline.checkpoint.folder import CheckpointFolder
from specship.pipeline.model.reading import read_model
from specship.pipeline.training.network.trained_decoder import TrainedDecoder

_NAMED: Final = 20
"""Tensors that a refusal names; how many more there are is said."""


def build_model(config: Mapping[str, Any], device: torch.device) -> TrainedDecoder:
    """A model with fresh weights drawn from torch's seeded generator, in float32.

    The weights are drawn on the CPU, so that a seed means the same weights on every device.

    Raises:
        UnknownName, UnusableInput, DamagedArtifact: as `read_model`.
    """
    declared = read_model(Path("config.json"), config)
    model = TrainedDecoder(
        declared.shape,
        dropout=float(config.get("attention_dropout") or 0.0),
        spread=float(config.get("initializer_range") or 0.02),
    )
    return model.to(device=device)


def load_weights(model: nn.Module, path: Path) -> int:
    """Copy every tensor of a safetensors file into the model; returns how many there were.

    Raises:
        DamagedArtifact: the file cannot be read, or a tensor is missing, unknown or of another shape.
    """
    try:
        stored = load_file(path)
    except (SafetensorError, OSError) as error:
        raise DamagedArtifact(f"cannot be read as safetensors: {error}", at=path) from error
    own = fitting(model, {name: tuple(tensor.shape) for name, tensor in stored.items()}, path)
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(stored[name])
    return len(own)


def load_checkpoint(model: nn.Module, checkpoint: CheckpointFolder) -> int:
    """Copy every tensor of an opened checkpoint into the model, widened to float32, one at a time.

    Raises:
        DamagedArtifact: a tensor is missing, unknown or of another shape.
    """
    shapes = {name: tensor.shape for name, tensor in checkpoint.tensors.items()}
    own = fitting(model, shapes, checkpoint.path)
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(torch.from_numpy(checkpoint.array(name)))
    return len(own)


def fitting(model: nn.Module, stored: Mapping[str, tuple[int, ...]], at: Path) -> dict[str, nn.Parameter]:
    """The model's parameters by name, when the stored tensors are exactly these."""
    own = dict(model.named_parameters())
    wrong = [f"{name} is not stored" for name in sorted(own.keys() - stored.keys())]
    wrong += [f"{name} belongs to no model like this" for name in sorted(stored.keys() - own.keys())]
    wrong += [
        f"{name} has shape {list(stored[name])}, not {list(own[name].shape)}"
        for name in sorted(stored.keys() & own.keys())
        if tuple(stored[name]) != tuple(own[name].shape)
    ]
    if wrong:
        refuse_misfits(wrong, at)
    return own


def refuse_misfits(wrong: Sequence[str], at: Path) -> NoReturn:
    """Refuse weights, naming all that does not fit.

    Raises:
        DamagedArtifact: always.
    """
    more = f"\n  and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
    raise DamagedArtifact(
        f"{len(wrong)} tensors do not fit the declared architecture:\n  "
        + "\n  ".join(wrong[:_NAMED])
        + more,
        at=at,
        why="weights that are skipped quietly leave a random model under a trained one's name",
        mend="take the weights and config.json from the same checkpoint",
    )


def token_losses(
    model: nn.Module,
    tokens_BT: torch.Tensor,  # noqa: N803 - axes of a tensor
    dtype: torch.dtype = torch.float32,
    documents_BT: torch.Tensor | None = None,  # noqa: N803
) -> torch.Tensor:
    """Cross entropy of each next token, nats: [B, T] from windows of T + 1 tokens.

    The model is ours or one of transformers, which works in its own type whatever `dtype` says. With the
    numbers of the tokens' documents, each document is seen by itself and its positions begin at 0.
    """
    if isinstance(model, TrainedDecoder):
        own: torch.Tensor = model(tokens_BT, dtype=dtype, documents_BT=documents_BT, reduction="none")
        return own
    more = {} if documents_BT is None else _apart(documents_BT[:, :-1])
    logits_BTV = model(input_ids=tokens_BT[:, :-1], use_cache=False, **more).logits.float()  # noqa: N806
    losses_N = nn.functional.cross_entropy(  # noqa: N806
        logits_BTV.flatten(0, 1), tokens_BT[:, 1:].flatten(), reduction="none"
    )
    return losses_N.view(tokens_BT.shape[0], -1)


def _apart(documents_BT: torch.Tensor) -> dict[str, torch.Tensor]:  # noqa: N803 - axes of a tensor
    """Positions and mask of documents by themselves, as transformers takes them."""
    same_BTT = documents_BT[:, :, None] == documents_BT[:, None, :]  # noqa: N806
    seen_BTT = same_BTT.tril()  # noqa: N806
    hidden_B1TT = torch.zeros(seen_BTT.shape, device=documents_BT.device)  # noqa: N806
    hidden_B1TT = hidden_B1TT.masked_fill(~seen_BTT, torch.finfo(torch.float32).min)[:, None]  # noqa: N806
    return {"attention_mask": hidden_B1TT, "position_ids": seen_BTT.sum(dim=2) - 1}
