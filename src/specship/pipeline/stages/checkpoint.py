"""Stage `checkpoint`: the run's best checkpoint as a plain folder that anybody can open."""

from __future__ import annotations

from specship.pipeline.stage import Stage, Work

STAGE = Stage(makes="checkpoint", lifecycle="checkpoint", needs=("run",), packages=("safetensors",))


def run(work: Work) -> None:
    """Copy the best checkpoint by held-out loss, without what only a resume needs.

    Raises:
        RequirementMissing: the run was received, and its weights were not.
        DamagedArtifact: a file of the run's checkpoint differs from its manifest.
    """
    from specship.pipeline.run_logs.declaring import made_here
    from specship.pipeline.training.checkpoint_export import export_best

    made_here(work.inputs["run"])
    export_best(work.inputs["run"], work.output)
    work.report(1, 1, "checkpoints")
