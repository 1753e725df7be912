"""A repeated corpus is learned by heart: training loss goes on falling while held-out loss turns and rises.

The older sign counts as well: a held-out loss far *below* the training loss on a corpus that was read several
times, which happens where held-out text shares documents with the text that is repeated. It is asked of runs
of ours only: a Trainer's evaluation text need not be a sample of the training text, and may be easier.
"""

from __future__ import annotations

import math
import statistics
from typing import Final

from specship.diagnose.finding import Cause, Figure, NotExamined, Observed, RootCause, within_noise
from specship.pipeline.run_logs.facts import OURS, Evaluation, Facts

_LEAST: Final = 0.05
"""Nats a token below which a difference is not worth a diagnosis."""
_LEAST_BELOW: Final = 0.3
"""The same of a held-out loss below the training loss: dropout and a falling curve explain less."""
_NOISES: Final = 3.0
_NOISES_BELOW: Final = 5.0
_PASSES: Final = 1.0


def _examine(facts: Facts) -> Observed | NotExamined | None:
    if (facts.passes or 0.0) <= _PASSES:
        return None
    if not facts.last_tenth or not facts.evaluation_sets:
        return NotExamined(missing=("evaluations" if facts.last_tenth else "steps.loss",))
    trained = statistics.fmean(step.loss or 0.0 for step in facts.last_tenth)
    texts = [one for one in facts.evaluation_sets if "train" not in one[0].name] or facts.evaluation_sets
    risen = [_rose(facts, one[-1], min(one, key=lambda it: it.loss), trained) for one in texts]
    if None not in risen:  # of several texts some are forgotten in favour of others, without any defect
        return max(risen, key=lambda one: one.confidence if isinstance(one, Observed) else 0.0)
    return _below(facts, texts[0][-1], trained) if facts.kind == OURS else None


def _noise(facts: Facts, *evaluations: Evaluation) -> float:
    """Standard error of a difference: of evaluations, where they have one, and of training losses."""
    losses = [step.loss or 0.0 for step in facts.last_tenth]
    spread = statistics.stdev(losses) / len(losses) ** 0.5 if len(losses) > 1 else 0.0
    return math.hypot(spread, *(one.standard_error or 0.0 for one in evaluations))


def _rose(facts: Facts, last: Evaluation, best: Evaluation, trained: float) -> Observed | NotExamined | None:
    risen, noise = last.loss - best.loss, _noise(facts, last, best)
    if risen < max(_LEAST, _NOISES * noise) or trained >= best.loss:
        return None
    if not noise:
        return NotExamined(missing=("evaluations.standard_error",))
    return Observed(
        figures=(
            Figure("passes", facts.passes or 0.0, "passes"),
            Figure("held_out_risen", risen, "nats/token"),
            Figure("training_below_held_out", last.loss - trained, "nats/token"),
            Figure("standard_error", noise, "nats/token"),
        ),
        lines=(best.line, last.line, facts.last_tenth[-1].line),
        confidence=within_noise(risen, noise),
        rule="erf(held_out_risen / (standard_error * sqrt 2))",
        says=(
            f"held-out loss rose by {risen:.3g} nats a token from its best while training loss "
            f"fell to {trained:.3g}, in {facts.passes:.3g} passes"
        ),
        refute_by="hold out other documents: their loss would not rise either",
    )


def _below(facts: Facts, last: Evaluation, trained: float) -> Observed | None:
    gap, noise = trained - last.loss, _noise(facts, last)
    if gap < max(_LEAST_BELOW, _NOISES_BELOW * noise) or last.loss >= (facts.ln_vocabulary or math.inf):
        return None
    return Observed(
        figures=(
            Figure("passes", facts.passes or 0.0, "passes"),
            Figure("held_out_below_training", gap, "nats/token"),
            Figure("standard_error", noise, "nats/token"),
        ),
        lines=(last.line, facts.last_tenth[-1].line),
        confidence=1.0 - _LEAST_BELOW / gap,
        rule=(
            f"1 - {_LEAST_BELOW:g} / held_out_below_training, where that is above "
            f"{_NOISES_BELOW:g} standard_error"
        ),
        says=f"held-out loss is {gap:.3g} nats a token below training loss after {facts.passes:.3g} passes",
        refute_by="compare the documents of both splits: none would be shared",
    )


CAUSE: Final = Cause(
    name="memorisation",
    root=RootCause.DATA,
    needs=("passes", "steps.loss", "evaluations"),
    reference=(
        "Xue et al. 2023, To Repeat or Not To Repeat (arXiv:2305.13230), on held-out loss under repetition; "
        "Lee et al. 2021 (arXiv:2107.06499), on documents that both splits hold"
    ),
    mechanism="The same text came back until the model knew it by heart.",
    unseen="Only the training loss was looked at, and it kept falling.",
    prevention="Held-out loss is judged beside training loss, and passes over the corpus have a limit.",
    examine=_examine,
    guards=("wrap",),
    symptom_of=("loss-off-scale",),
)
