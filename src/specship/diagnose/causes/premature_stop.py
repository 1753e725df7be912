"""Early stopping that noise decides: the run ended by it, or its held-out set is too small for it to work.

The rule is the one that `specship pretrain` plans with (`budget.largest_useful_noise`), asked of the noise
that was measured. The evaluations are given to the stopping rule once more: where patience had not run out,
or had on differences that noise explains, the stop was premature; where no improvement of the size looked for
can hide in the noise, it was justified, whatever the training loss did.

Logs of other programs hold no such noise. There it is what a parabola through the last evaluations leaves,
and only a run that its own stopping rule ended is asked: that stop was premature where the parabola still
falls at its end, with a noise in which patience means nothing, and evaluations since the best one within it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Final

from specship.diagnose.finding import Cause, Figure, NotExamined, Observed, RootCause, within_noise
from specship.pipeline.planning.budget import largest_useful_noise
from specship.pipeline.run_logs.facts import OURS, Evaluation, Facts, Line, is_finite
from specship.pipeline.training.early_stopping import EarlyStopping

_NOISES: Final = 3.0
"""Standard errors of a difference beyond which noise is no explanation."""
_UNSURE: Final = 1.25
"""A standard error over 64 sequences is itself known to a tenth, and the plan could but estimate it."""
_NEEDS: Final = ("evaluations", "min_improvement", "patience", "status")
"""What a run of ours always records."""
_CERTAIN: Final = 2.5
"""Standard errors by which held-out loss of another program must still be falling."""
_RECENT: Final = 20
"""Evaluations up to the best one that are looked at: those before are of a steeper part."""
_FEWEST: Final = 7
"""Evaluations up to the best one below which nothing is said of their noise."""


def _examine(facts: Facts) -> Observed | NotExamined | None:
    if facts.kind != OURS:
        return _of_another_program(facts)
    if lacking := [need for need in _NEEDS if not _held(facts, need)]:
        return NotExamined(missing=tuple(lacking))
    patience, wanted = facts.patience or 0, facts.min_improvement or 0.0
    if patience < 1 or not wanted > 0:
        return NotExamined(missing=("patience" if patience < 1 else "min_improvement",))
    stopped = facts.status == "stopped_early"
    done = [
        one
        for one in facts.evaluations
        if is_finite(one.loss) and not (stopped and one.step > (facts.ended_step or one.step))
    ]
    known = [one for one in done if is_finite(one.standard_error) and (one.standard_error or 0.0) >= 0]
    if not known:
        return NotExamined(missing=("evaluations.standard_error",))
    if stopped:
        rule = _replayed(done, patience, wanted)
        if rule.without_improvement < patience:
            return _too_soon(facts, done, rule.without_improvement)
        if _justified(done[-rule.without_improvement :], rule.reference or 0.0, wanted):
            return None
    elif len(done) - 1 <= patience:
        return None  # patience could not have ended it
    # A few sequences tell little of their own noise, so that one evaluation alone may show too little of it.
    by_noise = sorted(known[1:] or known, key=lambda one: one.standard_error or 0.0)
    return _too_noisy(facts, by_noise[-1 if stopped else len(by_noise) // 2], patience, wanted)


def _held(facts: Facts, need: str) -> bool:
    value = getattr(facts, need)
    return value is not None and value != ()


def _of_another_program(facts: Facts) -> Observed | NotExamined | None:
    """A stop that its own rule is on record for, held against how much the evaluations jump about."""
    patience, series = facts.patience, facts.evaluation_sets
    if patience is None or facts.min_improvement is None:
        return NotExamined(because="no early stopping is on record, or told (patience, min_improvement)")
    if not facts.stop_reason:
        return None
    followed = series[0] if len(series) == 1 else [one for one in facts.finite_evaluations if not one.name]
    followed = followed[-_RECENT - patience :]
    if patience < 1 or len(followed) < _FEWEST + patience:
        return NotExamined(missing=("evaluations.standard_error",))
    return _still_falling(facts, followed, patience, facts.min_improvement)


def _still_falling(
    facts: Facts, followed: Sequence[Evaluation], patience: int, asked: float
) -> Observed | None:
    fall, error, noise = _fall_at_the_end([one.loss for one in followed])
    most = largest_useful_noise(patience, fall)
    since = [one.loss for one in followed[-patience - 1 :]]
    explained = max(since) - min(since) <= _NOISES * math.sqrt(2.0) * noise
    if fall <= max(asked, _CERTAIN * error) or noise <= _UNSURE * most or not explained:
        return None
    return Observed(
        figures=(
            Figure("fall", fall, "nats/token/evaluation"),
            Figure("error_of_fall", error, "nats/token/evaluation"),
            Figure("noise", noise, "nats/token"),
            Figure("largest_useful_noise", most, "nats/token"),
            Figure("patience", patience, "evaluations"),
        ),
        lines=(*facts.recorded("steps_done")[:1], *(one.line for one in followed[-patience - 1 :][:3])),
        confidence=(1.0 - most / noise) * within_noise(fall, error),
        rule=(
            "(1 - largest_useful_noise / noise) erf(fall / (error_of_fall sqrt 2)); noise is what a parabola "
            f"through the last {len(followed)} evaluations leaves, fall its slope at the last one"
        ),
        says=(
            f"patience of {patience} ran out while held-out loss still fell by {fall:.3g} nats a token "
            f"from one evaluation to the next, and each is {noise:.3g} off by chance"
        ),
        refute_by="go on for as many evaluations again: none would be better",
    )


def _fall_at_the_end(losses: Sequence[float]) -> tuple[float, float, float]:
    """How much a parabola through them falls at the last one, its standard error, and the noise it leaves.

    Its terms are orthogonal over evaluations that are equally far apart.
    """
    count = len(losses)
    linear = [at - (count - 1) / 2 for at in range(count)]
    square = [x * x - (count * count - 1) / 12 for x in linear]
    sums = [sum(x * x for x in term) for term in (linear, square)]
    level = statistics.fmean(losses)
    slope, bend = (
        sum(x * loss for x, loss in zip(term, losses, strict=True)) / total
        for term, total in zip((linear, square), sums, strict=True)
    )
    rest = (loss - level - slope * x - bend * x2 for loss, x, x2 in zip(losses, linear, square, strict=True))
    noise = math.sqrt(sum(one * one for one in rest) / (count - 3))
    error = noise * math.sqrt(1 / sums[0] + (count - 1) ** 2 / sums[1])
    return -(slope + bend * (count - 1)), error, noise


def _replayed(evaluations: Sequence[Evaluation], patience: int, wanted: float) -> EarlyStopping:
    """The stopping rule after these evaluations."""
    rule = EarlyStopping(patience, wanted)
    for one in evaluations:
        rule.observe(one.step, one.loss, one.standard_error or 0.0)
    return rule


def _justified(window: Sequence[Evaluation], reference: float, wanted: float) -> bool:
    """Whether none of the evaluations that patience ran out on can have been the improvement looked for.

    The error of a difference of two evaluations is at most the root of 2 times that of one.
    """
    return all(
        reference - one.loss + _NOISES * math.sqrt(2.0) * (one.standard_error or math.inf) < wanted
        for one in window
    )


def _too_soon(facts: Facts, evaluations: Sequence[Evaluation], without: int) -> Observed:
    return Observed(
        figures=(
            Figure("without_improvement", without, "evaluations"),
            Figure("patience", facts.patience or 0, "evaluations"),
            Figure("min_improvement", facts.min_improvement or 0.0, "nats/token"),
        ),
        lines=(*_ending(facts), *(one.line for one in evaluations[-2:])),
        confidence=1.0,
        rule="1: fewer evaluations without improvement than patience are on record",
        says=(
            f"it stopped early after {without} evaluations without an improvement of "
            f"{facts.min_improvement:g} nats a token; patience is {facts.patience}"
        ),
        refute_by="give the evaluations to the stopping rule: it would stop where the run did",
    )


def _too_noisy(facts: Facts, usual: Evaluation, patience: int, wanted: float) -> Observed | None:
    noise, most = usual.standard_error or 0.0, largest_useful_noise(patience, wanted)
    if noise <= _UNSURE * most:
        return None
    stopped = facts.status == "stopped_early"
    withheld = [event.line for event in facts.events or () if event.name == "early_stop_withheld"]
    return Observed(
        figures=(
            Figure("standard_error", noise, "nats/token"),
            Figure("largest_useful_noise", most, "nats/token"),
            Figure("min_improvement", wanted, "nats/token"),
            Figure("patience", patience, "evaluations"),
        ),
        lines=(*(_ending(facts) if stopped else withheld[:2]), usual.line),
        confidence=1.0 - most / noise,
        rule=(
            "1 - largest_useful_noise / standard_error; useful is at most min_improvement, and "
            "(patience - 1) min_improvement / (2.326 sqrt 2)"
        ),
        says=(
            f"{'it stopped early' if stopped else 'early stopping would decide'} with held-out noise of "
            f"{noise:.3g} nats a token; patience {patience} for improvements of {wanted:g} needs less "
            f"than {most:.3g}"
        ),
        refute_by="go on with 8 times the held-out tokens: no evaluation would be better",
    )


def _ending(facts: Facts) -> tuple[Line, ...]:
    stops = tuple(event.line for event in facts.events or () if event.name == "early_stop")
    return (*stops[-1:], *facts.recorded("status", "reason"))


CAUSE: Final = Cause(
    name="premature-stop",
    root=RootCause.OPTIMIZATION,
    needs=("steps",),
    reference="Prechelt 1998, Early Stopping - But When? (doi:10.1007/3-540-49430-8_3)",
    mechanism="The stopping rule compares evaluations that differ by their own noise.",
    unseen="The constants came from a smoke test, and an early end looks like a finished run.",
    prevention="Held-out noise must be smaller than the improvement looked for, or stopping is withheld.",
    examine=_examine,
    guards=("early_stop_withheld",),
)
