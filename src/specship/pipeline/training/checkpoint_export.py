"""From a run's best checkpoint to the folder that is published: weights, tokenizer, config, no more."""

from __future__ import annotations

import shutil
from pathlib import Path

from specship.files import write_errors, write_json
from specship.pipeline.checkpoint.folder_manifest import CHECKPOINT_MANIFEST, verify_manifest, write_manifest
from specship.pipeline.training.checkpoints import STATE_FILES
from specship.pipeline.training.run_reading import best_checkpoint, read_run
from specship.strict_json import read_json


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
    record = read_run(run)
    metadata = read_json(source / "metadata.json")
    write_json(
        output / "metadata.json",
        {
            **metadata,
            "selected_by": "lowest held-out loss",
            "selected_step": step,
            "parameters": record.parameters,
            "shards_sha256": record.shards_sha256,
            "tokenizer_sha256": record.tokenizer_sha256,
            "seed": record.seed,
            "device": record.device_got,
        },
    )
    write_manifest(output)
    verify_manifest(output)
