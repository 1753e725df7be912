"""How the losses went: growth between evaluations, gain over the start, gap to training."""

from __future__ import annotations

import math
import statistics
from itertools import pairwise

from specship.pipeline.training.run_reading import read_evaluations, read_run, read_steps
from specship.probes.probe import Artifact, Figures, probe


@probe(
    "run.divergence",
    checked="evaluations",
    evaluations="evaluations",
    largest_growth="ratio",
    last_over_first="ratio",
    largest_train_over_ln_vocabulary="ratio",
    held_out_minus_train="nats/token",
)
def run_divergence(run: Artifact) -> Figures:
    """Largest ratio between successive held-out losses, and where training and held-out end.

    `held_out_minus_train` compares the last evaluation with the mean of the last tenth of the
    training losses: far below zero means that held-out text was trained on, far above zero that
    the training text was learned by heart.

    Raises:
        DamagedArtifact: a log or the record of the run cannot be read, or there is one evaluation only.
    """
    record = read_run(run.path)
    losses = [float(found["val_loss"]) for found in read_evaluations(run.path)]
    trained = [float(step["train_loss"]) for step in read_steps(run.path)]
    growths = [after / before for before, after in pairwise(losses)]
    return {
        "evaluations": len(losses),
        "largest_growth": max(growths, default=None),
        "last_over_first": losses[-1] / losses[0] if len(losses) > 1 else None,
        "largest_train_over_ln_vocabulary": max(trained) / math.log(record.vocabulary),
        "held_out_minus_train": losses[-1] - statistics.fmean(trained[-max(1, len(trained) // 10) :]),
    }
