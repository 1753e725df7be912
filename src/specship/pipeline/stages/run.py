"""Stage `run`: trains the model, and goes on with a run that was killed."""

from __future__ import annotations

import sys

from specship.pipeline.stage import Stage, Work
from specship.pipeline.training_settings import ModelSettings, Recipe, TrainingSettings

STAGE = Stage(
    makes="run",
    lifecycle="train",
    needs=("tokenizer", "shards"),
    settings={"model": ModelSettings, "training": TrainingSettings},
    packages=("torch", "transformers", "tokenizers", "safetensors", "numpy"),
    resumes=True,
)


def run(work: Work) -> None:
    """Train. A run that aborted is an artifact too: its gates fail with its figures.

    Raises:
        SystemExit: SIGTERM came; the work is saved and the status is 143.
    """
    from specship.pipeline.termination import PREEMPTED_STATUS
    from specship.pipeline.training import pretrain

    recipe = Recipe(work.settings["model"], work.settings["training"])
    outcome = pretrain(recipe, work.inputs["tokenizer"], work.inputs["shards"], work.output, work.report)
    if outcome.status == "preempted":
        sys.exit(PREEMPTED_STATUS)
