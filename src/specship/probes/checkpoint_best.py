"""Whether the published checkpoint is the run's best one, by evaluations and by bytes."""

from __future__ import annotations

from specship.digests import sha256_file
from specship.pipeline.training.run_reading import checkpoints_of, read_evaluations
from specship.probes.probe import Artifact, Figures, probe
from specship.strict_json import read_json


@probe(
    "checkpoint.best",
    checked="evaluations",
    evaluations="evaluations",
    selected_step="steps",
    above_lowest="nats/token",
    other_weights="files",
    copies_of_initial="files",
)
def checkpoint_best(checkpoint: Artifact, run: Artifact) -> Figures:
    """Distance of the selected checkpoint's held-out loss from the lowest one.

    The selection is found by the weights' bytes among the run's checkpoints, not by the name
    in the metadata; `other_weights` counts weights that no evaluated checkpoint of that step
    has. `copies_of_initial` is 1 when they are the untrained ones.

    Raises:
        DamagedArtifact: the evaluations, the metadata or the weights cannot be read.
    """
    losses = {int(found["step"]): float(found["val_loss"]) for found in read_evaluations(run.path)}
    selected = int(read_json(checkpoint.path / "metadata.json")["step"])
    weights = sha256_file(checkpoint.path / "model.safetensors")
    same = [
        step for step, path in checkpoints_of(run.path) if sha256_file(path / "model.safetensors") == weights
    ]
    known = selected in same and selected in losses
    return {
        "evaluations": len(losses),
        "selected_step": selected,
        "above_lowest": losses[selected] - min(losses.values()) if known else None,
        "other_weights": int(not known),
        "copies_of_initial": int(0 in same),
        "notes": [f"lowest at step {min(losses, key=lambda step: losses[step])}, selected {selected}"],
    }
