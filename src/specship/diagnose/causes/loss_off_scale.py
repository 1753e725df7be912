"""Training loss is no mean over tokens in nats, as held-out loss is: summed, divided twice, bits, perplexity.

Held-out loss gives the scale. Knowing nothing costs ln V, so that a training loss that is always above it is
none where held-out loss lies below. And random weights cost about ln V on any text: a training loss that
begins at a multiple or fraction of that, and stays the same one of every held-out loss while both fall, is
the loss on another scale. A fine-tune begins anywhere: there a quotient of 3 or more that is a whole number
at every evaluation tells it, where training fell by as many times what held-out loss fell by. Twice as hard,
or easier than what is held out, are many texts.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import Final

from specship.diagnose.finding import Cause, Figure, NotExamined, Observed, RootCause, repeated
from specship.pipeline.run_logs.facts import Evaluation, Facts, Line, LoggedStep

_FEWEST: Final = 10
"""Records of training below which nothing is said."""
_EVALUATIONS: Final = 3
_NEAR: Final = 0.1
"""Relative distance of every quotient from the number that it would be."""
_USUALLY_NEAR: Final = 0.05
"""The same of their median."""
_UNLIKE: Final = 1.2
"""Largest quotient over the smallest from which it is no factor, as with a perplexity."""
_FALLS: Final = 0.7
"""Last held-out loss over the first: quotients that stay while both fall are no coincidence."""
_LITTLE: Final = 0.7
_MUCH: Final = 1.15
"""Shares of ln V between which the first losses of random weights lie."""
_RANDOM: Final = 0.85
"""Share of ln V above which losses that began there leave no doubt of their scale."""
_ALIKE: Final = 1.5
"""Largest quotient over the smallest: where losses fall steeply, a logged mean stands behind."""
_BELOW: Final = 0.9
"""Share of ln V that held-out loss has to lie below."""
_SEVERAL: Final = 2.5
"""Quotient from which the text alone does not explain it."""
_FELL: Final = 0.05
"""Share of the first held-out loss by which it must have fallen, for training to follow it by a multiple."""
_LARGEST_VOCABULARY: Final = 1 << 20
"""Of a model whose vocabulary is not on record."""
_BITS: Final = 1 / math.log(2.0)
_WIDTH: Final = 3


@dataclass(frozen=True, slots=True)
class _HeldOutBesideTraining:
    """A held-out loss, and the mean of the training losses that were logged right before it."""

    evaluation: Evaluation
    trained: float
    line: Line

    @property
    def quotient(self) -> float:
        return self.trained / self.evaluation.loss


def _examine(facts: Facts) -> Observed | NotExamined | None:
    steps = facts.finite_losses
    pairs = [pair for series in facts.evaluation_sets for pair in _pairs(steps, series)]
    if len(steps) < _FEWEST or not pairs:
        return NotExamined(because=f"no evaluation stands behind steps, or these are fewer than {_FEWEST}")
    guess = facts.ln_vocabulary or math.log(_LARGEST_VOCABULARY)
    above = sum((step.loss or 0.0) > guess for step in steps)
    if above == len(steps) and _always_below(pairs, guess, above):
        return _observed(pairs, _scale(pairs), guess, above)
    if len(pairs) < _EVALUATIONS or len(facts.evaluation_sets) > 1:
        return None
    scale = _scale(pairs)
    known = facts.ln_vocabulary is not None
    found = _from_the_first(pairs, steps, guess) or _by_a_multiple(pairs, steps, guess)
    if scale == "perplexity" or (known and scale and found):
        return _observed(pairs, scale, guess, 0)
    return None


def _pairs(steps: list[LoggedStep], series: list[Evaluation]) -> list[_HeldOutBesideTraining]:
    found, at = [], 0
    for one in sorted(series, key=lambda evaluation: evaluation.step):
        while at < len(steps) and steps[at].step <= one.step:
            at += 1
        before = steps[max(0, at - _WIDTH) : at]
        if before and one.loss > 0:
            level = statistics.fmean(step.loss or 0.0 for step in before)
            found.append(_HeldOutBesideTraining(one, level, before[-1].line))
    return found


def _always_below(pairs: list[_HeldOutBesideTraining], guess: float, above: int) -> bool:
    """Whether held-out losses lie below what knowing nothing costs, and in proportion to training."""
    quotients = [pair.quotient for pair in pairs]
    alike = max(quotients) <= _ALIKE * min(quotients) and (len(pairs) > 1 or above >= 2 * _FEWEST)
    # Weights that begin too large are above it for long, and nearly as much on the text that is held out.
    apart = min(quotients) > _SEVERAL or (min(quotients) > _ALIKE and bool(_scale(pairs)))
    return alike and apart and all(pair.evaluation.loss < _BELOW * guess for pair in pairs)


def _from_the_first(pairs: list[_HeldOutBesideTraining], steps: list[LoggedStep], guess: float) -> bool:
    """Whether the first losses are those of random weights on that scale, and both losses fell together."""
    began = max(step.loss or 0.0 for step in steps[:_WIDTH]) / guess
    quotient = statistics.median(pair.quotient for pair in pairs)
    least = max(_LITTLE * quotient, 0.6 + 0.4 * quotient) if quotient > 1 else _LITTLE * quotient
    return least < began < _MUCH * quotient and pairs[-1].evaluation.loss < _FALLS * pairs[0].evaluation.loss


def _by_a_multiple(pairs: list[_HeldOutBesideTraining], steps: list[LoggedStep], guess: float) -> bool:
    """Whether training fell by the same multiple of held-out loss as it lies above it, not from ln V on.

    What began at ln V is on its scale; dropout and harder text lie above by an amount, and not by a factor.
    """
    if _RANDOM * guess < max(step.loss or 0.0 for step in steps[:_WIDTH]) < _MUCH * guess:
        return False
    quotient = statistics.median(pair.quotient for pair in pairs)
    first, last = pairs[0], pairs[-1]
    fell = first.evaluation.loss - last.evaluation.loss
    if quotient < _SEVERAL or fell < _FELL * first.evaluation.loss:
        return False
    return 1 / _ALIKE < (first.trained - last.trained) / fell / quotient < _ALIKE


def _scale(pairs: list[_HeldOutBesideTraining]) -> str:
    """What the training loss is by all quotients; empty where they tell nothing."""
    losses, quotients = [pair.evaluation.loss for pair in pairs], [pair.quotient for pair in pairs]
    logs = [math.log(pair.trained) for pair in pairs if pair.trained > 0]
    usual = statistics.median(quotients)
    unlike = max(quotients) > _UNLIKE * min(quotients) and usual > 1.5
    if unlike and len(logs) == len(pairs) and all(map(_close, logs, losses)):
        return "perplexity"
    whole = round(usual) if usual > 1 else round(1 / usual) if usual > 0 else 0
    named = {
        f"the sum of {whole} means, over accumulation steps or devices": float(whole),
        f"the mean divided by {whole} once more": 1 / max(whole, 1),
    }
    named = {name: value for name, value in named.items() if whole > 1} | {"bits and not nats": _BITS}
    alike = (
        name
        for name, value in named.items()
        if all(_close(quotient, value) for quotient in quotients)
        and math.isclose(usual, value, rel_tol=_USUALLY_NEAR)
    )
    return next(alike, "")


def _close(one: float, two: float) -> bool:
    return math.isclose(one, two, rel_tol=_NEAR)


def _observed(pairs: list[_HeldOutBesideTraining], scale: str, guess: float, above: int) -> Observed:
    last = pairs[-1]
    return Observed(
        figures=(
            Figure("training_over_held_out", last.quotient, "ratio"),
            Figure("training", last.trained, "nats/token"),
            Figure("held_out", last.evaluation.loss, "nats/token"),
            Figure("knowing_nothing", guess, "nats/token"),
            Figure("records_above_it", above, "records"),
            Figure("evaluations", len(pairs), "evaluations"),
        ),
        lines=(pairs[0].line, pairs[0].evaluation.line, last.line, last.evaluation.line),
        confidence=repeated(above + len(pairs)),
        rule="1 - 2^-(records_above_it + evaluations), the records counted where all are above it",
        says=(
            f"training loss is {last.quotient:.3g} times held-out loss ({last.trained:.3g} and "
            f"{last.evaluation.loss:.3g}), knowing nothing costs {guess:.3g}: it looks like "
            + (scale or "a sum over accumulation steps or devices, and no mean")
        ),
        refute_by=(
            "score one training batch with the last checkpoint: its mean over tokens would be the logged loss"
        ),
    )


CAUSE: Final = Cause(
    name="loss-off-scale",
    root=RootCause.INFRASTRUCTURE,
    needs=("steps.loss", "evaluations"),
    reference=(
        "Tambon et al. 2021, Silent Bugs in Deep Learning Frameworks (arXiv:2112.13314), on wrong figures "
        "without an error"
    ),
    mechanism=(
        "The losses of accumulation steps or devices are added where their mean was meant, or divided where "
        "they were divided already."
    ),
    unseen="The curve has the right shape, and only its axis is wrong.",
    prevention="The first loss of random weights is held against ln V, and a batch is scored alone.",
    examine=_examine,
)
