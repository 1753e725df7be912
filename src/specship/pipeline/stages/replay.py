"""Stage `replay`: trains parts of a run again, to show that it can be.

same-seed.jsonl    the first steps, from scratch under the run's seed
other-seed.jsonl   the first steps under another seed
resumed.jsonl      the steps after a checkpoint in the middle of the run
replay.json        which steps those are
"""

from __future__ import annotations

from specship.pipeline.stage import Stage, Work
from specship.pipeline.training.settings import ModelSettings, Recipe, ReplaySettings, TrainingSettings

STAGE = Stage(
    makes="replay",
    lifecycle="train",
    needs=("tokenizer", "shards", "run"),
    settings={"model": ModelSettings, "training": TrainingSettings, "replay": ReplaySettings},
    packages=("torch", "transformers", "safetensors", "numpy"),
)


def run(work: Work) -> None:
    """Train the three parts.

    Raises:
        RequirementMissing: the run was received, and its weights were not.
        StageFailed: the run has no checkpoint in its middle, or a step aborted.
    """
    from specship.pipeline.run_logs.declaring import made_here
    from specship.pipeline.training.determinism_check import replay
    from specship.pipeline.training.run_reading import read_run

    made_here(work.inputs["run"])
    initialised = read_run(work.inputs["run"]).initialisation is not None
    recipe = Recipe(None if initialised else work.settings["model"], work.settings["training"])
    replay(
        recipe,
        work.settings["replay"],
        work.inputs["shards"],
        work.inputs["run"],
        output=work.output,
        report=work.report,
    )
