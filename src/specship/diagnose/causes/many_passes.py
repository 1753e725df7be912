"""The corpus is read more often than repetition pays for."""

from __future__ import annotations

from typing import Final

from specship.diagnose.finding import Cause, Figure, NotExamined, Observed, RootCause
from specship.pipeline.planning.budget import PASSES
from specship.pipeline.run_logs.facts import Facts


def _examine(facts: Facts) -> Observed | NotExamined | None:
    if facts.from_scratch is False:
        return NotExamined(
            because="the run began from a checkpoint, for which a small corpus is often repeated; whether "
            "too often is asked by `memorisation`"
        )
    passes = facts.passes or 0.0
    if passes <= PASSES:
        return None
    if facts.from_scratch is None:
        return NotExamined(missing=("mode",))
    wraps = tuple(event.line for event in facts.events or () if event.name == "wrap")
    return Observed(
        figures=(
            Figure("passes", passes, "passes"),
            *_tokens("trained_tokens", facts.trained_tokens),
            *_tokens("tokens_of_a_pass", facts.tokens_per_pass or facts.unique_tokens),
        ),
        lines=(
            *wraps[-1:],
            facts.steps[-1].line,
            *facts.recorded("windows_per_pass", "unique_train_tokens", "epoch"),
        ),
        confidence=1.0 - PASSES / passes,
        rule=f"1 - {PASSES:g} / passes",
        says=f"the corpus was read {passes:.3g} times; beyond {PASSES:g} repetition teaches little",
        refute_by=f"train as long on a corpus {passes / PASSES:.2g} times as large: it would fall no lower",
    )


def _tokens(name: str, value: int | None) -> tuple[Figure, ...]:
    """The figure, where it is on record: a Trainer counts epochs and not tokens."""
    return (Figure(name, value, "tokens"),) if value is not None else ()


CAUSE: Final = Cause(
    name="many-passes",
    root=RootCause.DATA,
    needs=("passes", "steps"),
    reference="Muennighoff et al. 2023 (arXiv:2305.16264)",
    mechanism="Text that was read before has little left to teach.",
    unseen="The reader began again in silence, and tokens were counted as if they were new.",
    prevention="Every wrap is an event in the log, and passes over the corpus have a limit.",
    examine=_examine,
    guards=("wrap",),
)
