"""The loss grew and training went on, or ended because of it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause
from specship.pipeline.run_logs.facts import Evaluation, Facts, Line, LoggedStep

_GROWTH: Final = 2.0
"""Ratio between successive held-out losses that is divergence."""
_RISE: Final = 1.1
"""Ratio of the last training losses to the lowest level before."""
_NOISES: Final = 5.0
"""Standard errors by which a training loss must have risen: the lowest of many levels is low by chance."""
_EVALUATION_NOISES: Final = 3.0
_FEWEST: Final = 10
"""Records of training below which nothing is said of their level."""
_OVER_A_GUESS: Final = 2.0
"""Times ln V at which a model is worse than one that knows nothing; where a run of ours ends itself."""
_FALLEN: Final = 0.9
"""Share of its beginning below which a loss far above ln V is falling: that is one of another scale."""
_HELD_OUT_FALLEN: Final = 0.95
_SEVERAL: Final = 3
"""Evaluations that have to have come down; the first of fewer may stand behind the fall."""
_BEGINNING: Final = 5
"""Records that give the level of the beginning."""
_LEAST: Final = 0.05
"""Nats a token: losses near 0, of a text known by heart or of reinforcement learning, double by less."""


@dataclass(frozen=True, slots=True)
class _Grown:
    """A loss that is larger than before; `ratio` 1 where none is."""

    ratio: float = 1.0
    noise: float = 0.0
    lines: tuple[Line, ...] = ()


def _examine(facts: Facts) -> Observed | None:
    aborts = int(facts.status == "aborted" and facts.reason.startswith("divergence"))
    held_out, training = _held_out(facts), _training(facts)
    over = _over_a_guess(facts)
    if not aborts and held_out.ratio <= _GROWTH and training.ratio <= _RISE and over.ratio <= _OVER_A_GUESS:
        return None
    ends = [event.line for event in facts.events or () if event.name == "aborted"] if aborts else []
    lines = [*ends[-1:], *(facts.recorded("status", "reason") if aborts else ())]
    lines += held_out.lines if held_out.ratio > _GROWTH else ()
    lines += training.lines if training.ratio > _RISE else ()
    lines += over.lines if over.ratio > _OVER_A_GUESS else ()
    strength = max(held_out.ratio / _GROWTH, training.ratio / _RISE, over.ratio / _OVER_A_GUESS)
    strength = min(strength, 1e9)  # certain long before
    return Observed(
        figures=(
            Figure("held_out_growth", held_out.ratio, "ratio"),
            Figure("training_rise", training.ratio, "ratio"),
            Figure("noise_of_the_rise", training.noise, "nats/token"),
            Figure("ended_over_ln_vocabulary", over.ratio, "ratio"),
            Figure("aborts", aborts, "runs"),
        ),
        lines=tuple(lines[:5]),
        confidence=1.0 if aborts else 1.0 - 1.0 / (1.0 + strength**4),
        rule=(
            "1 where the run aborted itself for it, else 1 - 1 / (1 + s^4), "
            f"with s the largest of held_out_growth / {_GROWTH:g}, training_rise / {_RISE:g} and "
            f"ended_over_ln_vocabulary / {_OVER_A_GUESS:g}; "
            f"a rise counts above {_NOISES:g} noise_of_the_rise and {_LEAST:g} nats/token"
        ),
        says=_says(held_out, training, over) + (f"; the run ended: {facts.reason}" if aborts else ""),
        refute_by="go on from the last good checkpoint with a tenth of the rate: it would grow again",
    )


def _says(held_out: _Grown, training: _Grown, over: _Grown) -> str:
    if over.ratio > _OVER_A_GUESS:
        return f"losses ended at {over.ratio:.3g} times what knowing nothing costs, and do not come down"
    return (
        f"losses grew: held-out to {held_out.ratio:.3g} of the one before, training to "
        f"{training.ratio:.3g} of its lowest"
    )


def _over_a_guess(facts: Facts) -> _Grown:
    """The last training losses over ln V, where held-out loss says so too and the losses are not falling.

    Training loss alone may be of another scale (`loss-off-scale`): held-out loss is then below. And what
    falls from far above ln V to the end is an objective that is no cost of tokens, or a sum of them.
    """
    bound, steps = facts.ln_vocabulary, facts.finite_losses
    if bound is None or len(steps) < _FEWEST:
        return _Grown()
    ended = statistics.fmean(_values(facts.last_tenth))
    held_out = [series[-1].loss for series in facts.evaluation_sets]
    if min(held_out, default=math.inf) <= _OVER_A_GUESS * bound or _falls_from_above(facts, bound):
        return _Grown()
    return _Grown(ended / bound, lines=(steps[0].line, facts.last_tenth[-1].line))


def _falls_from_above(facts: Facts, bound: float) -> bool:
    """Whether no loss was ever on the scale of ln V, and all ended at their lowest."""
    losses, size = _values(facts.finite_losses), len(facts.last_tenth)
    levels = [statistics.fmean(losses[at : at + size]) for at in range(0, len(losses) - size + 1, size)]
    first, ended = statistics.fmean(losses[:_BEGINNING]), statistics.fmean(losses[-size:])
    spread = statistics.median(abs(a - b) for a, b in pairwise(losses)) / math.sqrt(2) / 0.6745
    noise = spread * math.sqrt(1 / _BEGINNING + 1 / size)
    return (
        min(losses) > _OVER_A_GUESS * bound
        and ended < min(_FALLEN * first, first - _EVALUATION_NOISES * noise)
        and ended <= _RISE * min(levels)
        and all(_came_down([one.loss for one in series]) for series in facts.evaluation_sets)
    )


def _came_down(losses: Sequence[float]) -> bool:
    """Whether evaluations, where there are several, ended lower than they began, and none rose."""
    never_rose = all(after <= _RISE * before for before, after in pairwise(losses))
    return never_rose and (len(losses) < _SEVERAL or losses[-1] < _HELD_OUT_FALLEN * losses[0])


def _held_out(facts: Facts) -> _Grown:
    """The largest growth between evaluations that is beyond noise, while training loss did not fall.

    Where training loss fell the text was learned by heart, and nothing diverged.
    """
    grown = [
        _Grown(after.loss / before.loss, lines=(before.line, after.line))
        for series in facts.evaluation_sets
        for before, after in pairwise(series)
        if before.loss > 0
        and after.loss - before.loss > max(_LEAST, _EVALUATION_NOISES * _noise(before, after))
        and not _training_fell(facts.finite_losses, before.step, after.step)
    ]
    return max(grown, key=lambda one: one.ratio, default=_Grown())


def _noise(*evaluations: Evaluation) -> float:
    return math.hypot(*(one.standard_error or 0.0 for one in evaluations))


def _training_fell(steps: Sequence[LoggedStep], start: int, end: int) -> bool:
    """Whether training losses between two steps lie below those of as many steps before them."""
    within = _values(step for step in steps if start < step.step <= end)
    before = _values(step for step in steps if 2 * start - end < step.step <= start)
    return bool(within and before) and statistics.fmean(within) < statistics.fmean(before)


def _values(steps: Iterable[LoggedStep]) -> list[float]:
    return [step.loss for step in steps if step.loss is not None]


def _training(facts: Facts) -> _Grown:
    """The last tenth's mean over the lowest of stretches of that length before it, where beyond noise."""
    finite = facts.finite_losses
    size = len(facts.last_tenth)
    stretches = (
        [finite[at : at + size] for at in range(0, len(finite) - 2 * size + 1, size)] if size > 2 else []
    )
    # What begins at 0 is no cost of tokens: the objective of GRPO does, and grows with its KL (TRL #2703).
    if not stretches or finite[0].loss == 0:
        return _Grown()
    lowest = min(stretches, key=lambda some: statistics.fmean(step.loss or 0.0 for step in some))
    low, last = ([step.loss or 0.0 for step in some] for some in (lowest, facts.last_tenth))
    # A stretch of a few records may show too little of its noise, and the lowest of many often does.
    usual = statistics.median(statistics.variance(_values(some)) for some in stretches)
    noise = math.sqrt(sum(max(usual, statistics.variance(some)) for some in (low, last)) / size)
    level, ended = statistics.fmean(low), statistics.fmean(last)
    if level <= 0 or ended - level <= max(_LEAST, _NOISES * noise) or _held_out_fell(facts, lowest[-1].step):
        return _Grown(noise=noise)
    return _Grown(ended / level, noise, (lowest[0].line, facts.last_tenth[-1].line))


def _held_out_fell(facts: Facts, since: int) -> bool:
    """Whether a text ended lower than it was up to a step: training has harder text then."""
    for series in facts.evaluation_sets:
        before = [one.loss for one in series if one.step <= since]
        if before and series[-1].step >= facts.last_tenth[0].step and series[-1].loss < min(before):
            return True
    return False


CAUSE: Final = Cause(
    name="divergence",
    root=RootCause.OPTIMIZATION,
    needs=("steps.loss",),
    reference="Zhang et al. 2022 (arXiv:2205.01068), section 2.5, on divergences and the learning rate",
    mechanism="Steps are larger than the loss surface allows, and each makes the next one worse.",
    unseen="Nothing compared an evaluation with the one before it.",
    prevention="A held-out loss that doubles, or a training loss above 2 ln V, ends the run with its reason.",
    examine=_examine,
    guards=("aborted: divergence",),
    symptom_of=("weights-lost",),
)
