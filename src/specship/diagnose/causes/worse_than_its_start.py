"""Held-out loss ended above that of the checkpoint which the run began from."""

from __future__ import annotations

import math
from typing import Final

from specship.diagnose.finding import Cause, Figure, NotExamined, Observed, RootCause, within_noise
from specship.pipeline.run_logs.facts import Facts

_NOISES: Final = 3.0


def _examine(facts: Facts) -> Observed | NotExamined | None:
    if not facts.initialised:
        return NotExamined(because="the run began from random weights")
    if not facts.finished or facts.status == "aborted":
        return NotExamined(because="the run did not come to an end that it could be judged by")
    finite = facts.finite_evaluations
    gained = facts.initialisation_improvement
    if gained is None or not math.isfinite(gained) or not finite:
        missing = "evaluations" if gained is not None and not finite else "initialisation_improvement"
        return NotExamined(missing=(missing,))
    noise = math.hypot(*(one.standard_error or 0.0 for one in (finite[0], finite[-1])))
    if not noise:
        return NotExamined(missing=("evaluations.standard_error",))
    if gained >= -_NOISES * noise:
        return None
    return Observed(
        figures=(
            Figure("held_out_risen", -gained, "nats/token"),
            Figure("standard_error", noise, "nats/token"),
        ),
        lines=(finite[0].line, finite[-1].line, *facts.recorded("initialisation")),
        confidence=within_noise(gained, noise),
        rule="erf(held_out_risen / (standard_error * sqrt 2))",
        says=f"held-out loss ended {-gained:.3g} nats a token above that of the checkpoint it began from",
        refute_by="train again with a tenth of the rate: the held-out loss would rise as much",
    )


CAUSE: Final = Cause(
    name="worse-than-its-start",
    root=RootCause.OPTIMIZATION,
    needs=("initialised",),
    reference="Howard and Ruder 2018 (arXiv:1801.06146), on forgetting under too large steps",
    mechanism="Steps too large for trained weights undo what they knew.",
    unseen="The loss was compared with that of other runs, and never with its own start.",
    prevention="The last held-out loss is held against the one before the first step.",
    examine=_examine,
)
