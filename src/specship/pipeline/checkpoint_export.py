"""From a run's best checkpoint to the folder that is published: weights, tokenizer, config, no more."""

from __future__ import annotations

import shutil
from pathlib import Path

from specship.errors import StageFailed
from specship.files import write_errors, write_json
from specship.pipeline.checkpoints import STATE_FILES, checkpoints_of
from specship.pipeline.folder_manifest import CHECKPOINT_MANIFEST, verify_manifest, write_manifest
from specship.pipeline.run_folder import read_log
from specship.pipeline.strict_json import read_json


def best_checkpoint(run: Path) -> tuple[int, Path]:
    """Step and folder of the checkpoint with the lowest held-out loss in `evaluations.jsonl`.

    Raises:
        StageFailed: the run evaluated nothing, or the best checkpoint is not there.
    """
    evaluations = read_log(run / "evaluations.jsonl")
    if not evaluations:
        raise StageFailed("the run has no evaluation to choose a checkpoint by", at=run)
    best = min(evaluations, key=lambda record: (float(record["val_loss"]), int(record["step"])))
    folders = dict(checkpoints_of(run))
    if best["step"] not in folders:
        raise StageFailed(
            f"the best evaluation is of step {best['step']}, and its checkpoint is not there",
            at=run / "checkpoints",
            mend="run the training stage again",
        )
    return int(best["step"]), folders[best["step"]]


def export_best(run: Path, output: Path) -> None:
    """Copy the best checkpoint without optimizer state, and give it a manifest of its own.

    Raises:
        DamagedArtifact: a file differs from the manifest it was written with.
        StageFailed: there is no checkpoint to export.
    """
    step, source = best_checkpoint(run)
    verify_manifest(source)
    left_out = {*STATE_FILES, CHECKPOINT_MANIFEST, "metadata.json"}
    with write_errors(output):
        for path in sorted(source.iterdir()):
            if path.name not in left_out:
                shutil.copyfile(path, output / path.name)
    record = read_json(run / "run.json")
    metadata = read_json(source / "metadata.json")
    write_json(
        output / "metadata.json",
        {
            **metadata,
            "selected_by": "lowest held-out loss",
            "selected_step": step,
            "parameters": record["parameters"],
            "shards_sha256": record["shards_sha256"],
            "tokenizer_sha256": record["tokenizer_sha256"],
            "seed": record["seed"],
            "device": record["device_got"],
        },
    )
    write_manifest(output)
    verify_manifest(output)
