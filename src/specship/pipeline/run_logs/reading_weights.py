"""The first and the last checkpoint of a run held side by side, tensor by tensor."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from specship.errors import DamagedArtifact
from specship.pipeline.checkpoint.inventory_checks import tensor_digest
from specship.pipeline.checkpoint.safetensors_header import read_safetensors_header
from specship.pipeline.checkpoint.weight_files import HeldTensor
from specship.pipeline.training.run_reading import checkpoints_of

_WEIGHTS: Final = "model.safetensors"


def compared_weights(folder: Path, notes: list[str]) -> tuple[int | None, int | None]:
    """Tensors that the first and the last checkpoint share, and how many of them are equal to the byte."""
    found = checkpoints_of(folder)
    if len(found) < 2 or found[0][0] != 0:
        return None, None
    try:
        first, last = (_tensor_digests(path / _WEIGHTS) for _, path in (found[0], found[-1]))
    except (DamagedArtifact, OSError) as error:
        notes.append(f"checkpoints were not compared: {error}")
        return None, None
    shared = first.keys() & last.keys()
    return len(shared), sum(first[name] == last[name] for name in shared)


def _tensor_digests(path: Path) -> dict[str, str]:
    tensors = read_safetensors_header(path).values()
    return {one.name: tensor_digest(path.parent, HeldTensor(one, path.name)) for one in tensors}
