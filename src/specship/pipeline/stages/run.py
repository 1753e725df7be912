"""Stage `run`: trains the model, and goes on with a run that was killed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specship.digests import digest_of, sha256_file
from specship.pipeline.stage import Stage, Work
from specship.pipeline.training.settings import InitialSettings, ModelSettings, TrainingSettings, recipe_of


def _outside(settings: Mapping[str, Any], project: Path) -> str:
    """Digest of the initial checkpoint's files; of none, where training begins from random weights."""
    folder = settings["initial"].get("checkpoint")
    files = sorted(path for path in (project / folder).glob("*") if path.is_file()) if folder else []
    return digest_of([(path.name, sha256_file(path)) for path in files])


STAGE = Stage(
    makes="run",
    lifecycle="train",
    needs=("tokenizer", "shards"),
    settings={"model": ModelSettings, "training": TrainingSettings, "initial": InitialSettings},
    packages=("torch", "transformers", "tokenizers", "safetensors", "numpy"),
    resumes=True,
    trains=True,
    outside=_outside,
)


def run(work: Work) -> None:
    """Train. A run that aborted is an artifact too: its gates fail with its figures.

    Raises:
        SystemExit: SIGTERM came; the work is saved and the status is 143.
    """
    from specship.pipeline.training.termination import PREEMPTED_STATUS
    from specship.pipeline.training.training import pretrain

    checkpoint = work.settings["initial"].checkpoint
    initial = Path(checkpoint) if checkpoint else None
    recipe = recipe_of(work.settings["model"], work.settings["training"], initialised=initial is not None)
    outcome = pretrain(
        recipe,
        work.inputs["tokenizer"],
        work.inputs["shards"],
        work.output,
        work.report,
        initial=initial,
    )
    if outcome.status == "preempted":
        sys.exit(PREEMPTED_STATUS)
