"""Settings of the other regime: a fine-tuning rate from scratch, or the reverse."""

from __future__ import annotations

from typing import Final

from specship.diagnose.finding import Cause, Figure, NotExamined, Observed, RootCause
from specship.pipeline.run_logs.facts import OURS, Facts
from specship.pipeline.training.settings import MODE_DEFAULTS

_UNCHOSEN: Final = ("linear", 5e-5, 0, 0.0)
"""Shape, peak, warm-up and floor of transformers 5.23 (TrainingArguments), a rate of BERT's fine-tunes
(Devlin et al. 2019, arXiv:1810.04805, A.3)."""
_OTHER: Final = {"scratch": "fine-tune", "fine-tune": "scratch"}


def _examine(facts: Facts) -> Observed | NotExamined | None:
    if facts.kind != OURS:
        return _of_a_trainer(facts)
    if facts.mode is None:
        return NotExamined(missing=("mode",))
    if facts.mode == "fine-tune" and facts.initialised is False:
        return _nothing_to_tune(facts)
    schedule, other = facts.schedule, _OTHER.get(facts.mode or "")
    if schedule is None or other is None:
        return None
    peak, warmup = MODE_DEFAULTS[other]
    if (schedule.peak, schedule.warmup_steps) != (peak, warmup):
        return None  # a rate alone may be chosen for a reason
    return Observed(
        figures=(
            Figure("peak", schedule.peak, "learning rate"),
            Figure("warmup_steps", schedule.warmup_steps, "steps"),
        ),
        lines=facts.recorded("config"),
        confidence=1.0,
        rule="1: peak rate and warm-up steps are exactly those of the other mode",
        says=f"a {facts.mode} run has peak rate {peak:g} and {warmup} warm-up steps, as {other} has",
        refute_by=f"run the first tenth with the defaults of {facts.mode}: the loss would fall no faster",
    )


def _of_a_trainer(facts: Facts) -> Observed | NotExamined | None:
    """Settings that Trainer has where nobody chose any, of a run that began from random weights."""
    schedule = facts.schedule
    if schedule is None or not schedule.whole:
        return NotExamined(because="the shape of its schedule is known, and not its peak")
    if facts.from_scratch is None:
        return NotExamined(
            because="it does not say whether it began from random weights; --fact mode=scratch has it ask"
        )
    chosen = (schedule.shape, schedule.peak, schedule.warmup_steps, schedule.floor)
    if not facts.from_scratch or chosen != _UNCHOSEN:
        return None
    return Observed(
        figures=(
            Figure("peak", schedule.peak, "learning rate"),
            Figure("warmup_steps", schedule.warmup_steps, "steps"),
        ),
        lines=facts.recorded("config"),
        confidence=1.0,
        rule="1: shape, peak and warm-up are exactly those that Trainer takes where none are given",
        says=(
            "a run from random weights has Trainer's own defaults, which are for fine-tunes: "
            f"peak rate {schedule.peak:g}, no warm-up, linear"
        ),
        refute_by="run the first tenth with a peak of 3e-4 and a warm-up: the loss would fall no faster",
    )


def _nothing_to_tune(facts: Facts) -> Observed:
    peak = facts.schedule.peak if facts.schedule else 0.0
    return Observed(
        figures=(Figure("mode", "fine-tune", "text"), Figure("peak", peak, "learning rate")),
        lines=facts.recorded("config", "initialisation"),
        confidence=1.0,
        rule="1: mode and beginning are on record",
        says=f"the run is called a fine-tune (peak rate {peak:g}) and began from random weights",
        refute_by="name the checkpoint that it began from: its loss would be that of step 0",
    )


CAUSE: Final = Cause(
    name="wrong-mode-defaults",
    root=RootCause.OPTIMIZATION,
    needs=("schedule",),
    reference="Howard and Ruder 2018 (arXiv:1801.06146)",
    mechanism="Defaults of one regime travelled into the other.",
    unseen="The settings in force were not echoed.",
    prevention="Rate and warm-up belong to a mode and travel together; settings in force are recorded.",
    examine=_examine,
)
