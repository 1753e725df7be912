"""Stage `checkpoint`: the run's best checkpoint as a plain folder that anybody can open."""

from __future__ import annotations

from specship.pipeline.stage import Stage, Work

STAGE = Stage(makes="checkpoint", lifecycle="checkpoint", needs=("run",), packages=("safetensors",))


def run(work: Work) -> None:
    """Copy the best checkpoint by held-out loss, without what only a resume needs.

    Raises:
        DamagedArtifact: a file of the run's checkpoint differs from its manifest.
    """
    from specship.pipeline.training.checkpoint_export import export_best

    export_best(work.inputs["run"], work.output)
    work.report(1, 1, "checkpoints")
