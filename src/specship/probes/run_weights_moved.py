"""Whether training reached every tensor, beyond the shrinking that weight decay alone does."""

from __future__ import annotations

from typing import Any, Final

from specship.errors import DamagedArtifact
from specship.pipeline.run_logs.needs import with_weights
from specship.pipeline.training.run_reading import checkpoint_path, checkpoints_of
from specship.probes.probe import Artifact, Figures, probe

_LEAST: Final = 1e-6
"""Relative change below which a tensor counts as not moved; float32 keeps about 6e-8."""


@probe(
    "run.weights_moved",
    checked="tensors",
    tensors="tensors",
    unmoved="tensors",
    only_shrunk="tensors",
    smallest_change="ratio",
    unmoved_share="fraction",
)
def run_weights_moved(run: Artifact) -> Figures:
    """Compare the weights of step 0 with those of the run's last checkpoint, tensor by tensor.

    A tensor without gradients under weight decay still changes, by one factor throughout; so
    the change is measured after the best such factor was taken out. `unmoved_share` counts
    single values that are bit for bit as they were.

    Raises:
        DamagedArtifact: there is no initial checkpoint or no later one, or they cannot be read.
        NotRecorded: it is the log of another program, without the weights.
    """
    with_weights(run.path)
    last = checkpoints_of(run.path)[-1:]
    if not last or last[0][0] == 0:
        raise DamagedArtifact("the run has no checkpoint after step 0", at=run.path / "checkpoints")
    before = _weights(checkpoint_path(run.path, 0) / "model.safetensors")
    after = _weights(last[0][1] / "model.safetensors")
    if before.keys() != after.keys():
        raise DamagedArtifact("the first and the last checkpoint hold other tensors", at=run.path)
    unmoved, shrunk, changes, same, total = [], [], [], 0, 0
    for name, old in before.items():
        change, beyond = _change(old, after[name])
        changes.append(beyond)
        if change <= _LEAST:
            unmoved.append(name)
        elif beyond <= _LEAST:
            shrunk.append(name)
        same += int((old == after[name]).sum())
        total += old.size
    return {
        "tensors": len(before),
        "unmoved": len(unmoved),
        "only_shrunk": len(shrunk),
        "smallest_change": min(changes, default=None),
        "unmoved_share": same / total if total else None,
        "notes": [f"{name} did not move" for name in unmoved[:5]]
        + [f"{name} only shrank, as by weight decay" for name in shrunk[:5]],
    }


def _weights(path: Any) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        weights: dict[str, Any] = load_file(path)
    except (SafetensorError, OSError) as error:
        raise DamagedArtifact(f"cannot be read as safetensors: {error}", at=path) from error
    return weights


def _change(old: Any, new: Any) -> tuple[float, float]:
    """Relative change of a tensor, and what is left of it after the best single factor."""
    import numpy as np

    if old.shape != new.shape:
        raise DamagedArtifact("a tensor has another shape in the last checkpoint")
    a, b = old.astype(np.float64).ravel(), new.astype(np.float64).ravel()
    size = float(np.linalg.norm(a)) or 1.0
    factor = float(a @ b) / (size * size)
    return float(np.linalg.norm(b - a)) / size, float(np.linalg.norm(b - factor * a)) / size
