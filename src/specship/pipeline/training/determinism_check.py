"""Training parts of a run again: same seed, another seed, and from a checkpoint in its middle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from specship.errors import StageFailed
from specship.files import write_json
from specship.pipeline.checkpoint.folder_manifest import verify_manifest
from specship.pipeline.training.initialisation import INITIAL
from specship.pipeline.training.run_reading import checkpoints_of, read_run
from specship.pipeline.training.settings import Recipe, ReplaySettings
from specship.pipeline.training.training import repeat_steps, with_seed


def middle_checkpoint(run: Path, *, steps_done: int) -> tuple[int, Path]:
    """The newest checkpoint that has steps both before and after it.

    Raises:
        StageFailed: there is none.
    """
    found = [(step, path) for step, path in checkpoints_of(run) if 0 < step < steps_done]
    if not found:
        raise StageFailed(
            "the run kept no checkpoint in its middle to resume from",
            at=run / "checkpoints",
            mend="evaluate more often: training.evaluate_every",
        )
    return found[-1]


def replay(
    recipe: Recipe,
    settings: ReplaySettings,
    shards: Path,
    run: Path,
    *,
    output: Path,
    report: Callable[..., None],
) -> None:
    """Write the logs of the three parts, and which steps they are.

    Raises:
        StageFailed: the run has no checkpoint in its middle, or a step aborted.
        DamagedArtifact: that checkpoint does not verify.
    """
    done = read_run(run).steps_done
    initial = run / INITIAL if read_run(run).initialisation else None
    step, checkpoint = middle_checkpoint(run, steps_done=done)
    verify_manifest(checkpoint)
    same = min(settings.same_seed_steps, done)
    other = min(settings.other_seed_steps, done)
    resumed = min(settings.resume_steps, done - step)
    total = same + other + resumed
    repeat_steps(
        recipe,
        shards,
        output / "same-seed.jsonl",
        steps=same,
        initial=initial,
        report=lambda count, _, unit: report(count, total, unit),
    )
    other_seed = recipe.training.seed + 1
    repeat_steps(
        with_seed(recipe, other_seed),
        shards,
        output / "other-seed.jsonl",
        steps=other,
        initial=initial,
        report=lambda count, _, unit: report(same + count, total, unit),
    )
    repeat_steps(
        recipe,
        shards,
        output / "resumed.jsonl",
        steps=resumed,
        start=checkpoint,
        initial=initial,
        report=lambda count, _, unit: report(same + other + count, total, unit),
    )
    write_json(
        output / "replay.json",
        {
            "same_seed": {"seed": recipe.training.seed, "steps": same},
            "other_seed": {"seed": other_seed, "steps": other},
            "resumed": {"after_step": step, "steps": resumed},
        },
    )
