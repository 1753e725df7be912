"""Whether a run made the weights that ship: by their bytes, never by what somebody says."""

from __future__ import annotations

from collections.abc import Mapping

from specship.digests import sha256_file
from specship.errors import NotRecorded
from specship.pipeline.publication.checkpoint_provenance import read_provenance
from specship.pipeline.run_logs.needs import judged_facts
from specship.pipeline.run_logs.receiving import is_weights, read_received
from specship.pipeline.training.run_reading import checkpoints_of
from specship.probes.probe import Artifact, Figures, probe


@probe(
    "run.made_checkpoint",
    checked="files",
    files="files",
    other_weights="files",
    weights_of="text",
)
def run_made_checkpoint(run: Artifact, checkpoint: Artifact) -> Figures:
    """Files of weights in the checkpoint's source that are none of those that the run left.

    A received run has the digests of the weights that lay beside its log, a received checkpoint those of its
    source's files; of a run of ours, the checkpoints are compared. `weights_of` is the folder of the run in
    which they lie.

    Raises:
        DamagedArtifact: the records of either cannot be read.
        NotRecorded: no weights lay beside the log, or nothing says where the checkpoint's came from.
    """
    judged_facts(run.path)
    made, where = _made(run)
    shipped = _shipped(checkpoint)
    strangers = sorted(name for name, digest in shipped.items() if digest not in made.values())
    return {
        "files": len(shipped),
        "other_weights": len(strangers),
        "weights_of": where if not strangers else "another run",
        "notes": [f"{name} is no file of {where}" for name in strangers[:5]],
    }


def _made(run: Artifact) -> tuple[Mapping[str, str], str]:
    """Digests of the weights that a run left, and where."""
    received = read_received(run.path)
    if received is None:
        found = {
            f"{path.name}/model.safetensors": sha256_file(path / "model.safetensors")
            for _, path in checkpoints_of(run.path)
            if (path / "model.safetensors").is_file()
        }
        where = "checkpoints"
    else:
        found, where = dict(received.weights), received.weights_folder
    if not found:
        raise NotRecorded(
            "not recorded: the weights that the run made",
            why="none lie beside its log, so that nothing ties the two",
            mend="receive the folder in which they were saved too, or name it: `weights: checkpoint-200`",
        )
    return found, where


def _shipped(checkpoint: Artifact) -> dict[str, str]:
    """Digests of the weights that ship, as they were before anybody rewrote them."""
    provenance = read_provenance(checkpoint.path)
    if provenance is None:
        return {"model.safetensors": sha256_file(checkpoint.path / "model.safetensors")}
    found = {n: digest for n, digest in provenance.files.items() if "/" not in n and is_weights(n)}
    if not found:
        raise NotRecorded("not recorded: the files of weights that the checkpoint was taken over from")
    return found
