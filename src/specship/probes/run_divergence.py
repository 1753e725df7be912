"""How the losses went: growth between evaluations, gain over the start, gap to training."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise

from specship.pipeline.run_logs.facts import Evaluation, is_finite
from specship.pipeline.run_logs.needs import evaluations_with, judged_facts, on_word, steps_with, unrecorded
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

    A run may be evaluated on several texts: growth is then the largest of any of them, and the one that has
    no name, else the first, is held against training. A loss that is no number is infinite growth.

    Raises:
        DamagedArtifact: a log or the record of the run cannot be read.
        NotRecorded: the run logged no held-out loss, or no training loss.
    """
    facts = judged_facts(run.path)
    found = evaluations_with(facts, "loss")
    texts = [[one for one in found if one.name == name] for name in sorted({one.name for one in found})]
    trained = [step.loss or 0.0 for step in steps_with(facts, "loss")]
    ln_vocabulary = facts.ln_vocabulary
    highest = max(trained) if all(map(is_finite, trained)) else math.inf
    return {
        "evaluations": len(found),
        "largest_growth": max(filter(None, map(_growth, texts)), default=None),
        "last_over_first": max(filter(None, map(_last_over_first, texts)), default=None),
        "largest_train_over_ln_vocabulary": highest / ln_vocabulary
        if ln_vocabulary
        else unrecorded(facts, "vocabulary"),
        "held_out_minus_train": texts[0][-1].loss - statistics.fmean(trained[-max(1, len(trained) // 10) :]),
        "notes": on_word(facts, "vocabulary"),
    }


def _growth(text: Sequence[Evaluation]) -> float | None:
    """Largest ratio of one loss to the one before; None where there is one only."""
    if not all(is_finite(one.loss) for one in text):
        return math.inf
    return max((_ratio(after, before) for before, after in pairwise(text)), default=None)


def _last_over_first(text: Sequence[Evaluation]) -> float | None:
    if not is_finite(text[-1].loss):
        return math.inf
    return _ratio(text[-1], text[0]) if len(text) > 1 else None


def _ratio(after: Evaluation, before: Evaluation) -> float:
    return after.loss / before.loss if before.loss and is_finite(before.loss) else math.inf
