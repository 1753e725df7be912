"""The loss does not move while little is known: over the whole run, or after its first fifth.

A level that stands below `_KNOWS_LITTLE` of ln V is not told from one that converged, least of all in a
fine-tune, and is not judged here: that takes a baseline, which the gates of training have.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Final

from specship.diagnose.finding import Cause, Figure, NotExamined, Observed, RootCause
from specship.pipeline.run_logs.facts import Facts, LoggedStep

_FEWEST: Final = 10
"""Records of training below which nothing is said."""
_KNOWS_LITTLE: Final = 0.7
"""Share of ln V above which little was learned: the frequencies of tokens alone give as much."""
_WORSE_THAN_A_GUESS: Final = 1.5
"""Share of ln V above which a loss does not stand still: it diverged, or is of another scale."""
_NOISES: Final = 2.0
_LEAST: Final = 0.02
"""Share of ln V by which a run that learned anything moved."""
_LEAST_AFTER: Final = 0.05
"""The same of the last four fifths of a run."""


def _examine(facts: Facts) -> Observed | NotExamined | None:
    bound = facts.ln_vocabulary
    steps = facts.finite_losses
    if bound is None or len(steps) < _FEWEST:
        missing = "vocabulary" if bound is None else "steps.loss"
        return NotExamined(missing=(missing,))
    level = statistics.fmean(step.loss or 0.0 for step in facts.last_tenth)
    if not _KNOWS_LITTLE * bound < level < _WORSE_THAN_A_GUESS * bound:
        return None
    rest = steps[len(steps) // 5 :]
    return _moved(steps, bound, "whole run", _LEAST) or (
        _moved(rest, bound, "run but its first fifth", _LEAST_AFTER) if len(rest) >= _FEWEST else None
    )


def _moved(steps: Sequence[LoggedStep], bound: float, part: str, least: float) -> Observed | None:
    """Compare the mean of the first fifth with that of the last."""
    fifth = max(2, len(steps) // 5)
    first, last = ([step.loss or 0.0 for step in some] for some in (steps[:fifth], steps[-fifth:]))
    fallen = statistics.fmean(first) - statistics.fmean(last)
    noise = (statistics.variance(first) / fifth + statistics.variance(last) / fifth) ** 0.5
    # A step's batch differs from the next one's, so that a level that stands still moves by its noise.
    threshold = max(_NOISES * noise, least * bound)
    if not -threshold <= fallen < threshold:
        return None
    return Observed(
        figures=(
            Figure("fallen", fallen, "nats/token"),
            Figure("threshold", threshold, "nats/token"),
            Figure("last_over_ln_vocabulary", statistics.fmean(last) / bound, "ratio"),
            Figure("steps", steps[-1].step - steps[0].step + 1, "steps"),
        ),
        lines=(steps[0].line, steps[fifth - 1].line, steps[-fifth].line, steps[-1].line),
        confidence=1.0 - max(0.0, fallen) / threshold,
        rule=f"1 - max(0, fallen) / threshold: {_NOISES:g} standard errors, at least {least:g} ln V",
        says=f"over the {part} the loss fell by {fallen:.3g} nats a token; learning is above {threshold:.3g}",
        refute_by="train on one batch alone for 100 steps: its loss would fall to almost nothing",
    )


CAUSE: Final = Cause(
    name="plateau",
    root=RootCause.OPTIMIZATION,
    needs=("steps.loss", "vocabulary"),
    reference="Karpathy 2019, A Recipe for Training Neural Networks, on overfitting one batch",
    mechanism="More steps change nothing because the weights, or what they get, do not change.",
    unseen="The plateau was put down to data or capacity; no baseline was beside it.",
    prevention="The run must beat an n-gram model of the same tokens, and every tensor must have moved.",
    examine=_examine,
    symptom_of=("learning-rate-zero", "no-gradient", "tensors-unmoved", "weights-lost", "weights-unmoved"),
)
