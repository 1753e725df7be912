"""The corpus is read more often than repetition pays for."""

from __future__ import annotations

from typing import Final

from specship.diagnose.facts import Facts
from specship.diagnose.finding import Cause, Figure, Observed, RootCause
from specship.pipeline.budget import PASSES


def _examine(facts: Facts) -> Observed | None:
    passes = facts.passes or 0.0
    if passes <= PASSES:
        return None
    wraps = tuple(event.line for event in facts.events or () if event.name == "wrap")
    return Observed(
        figures=(
            Figure("passes", passes, "ratio"),
            Figure("trained_tokens", facts.trained_tokens or 0, "tokens"),
            Figure("unique_tokens", facts.unique_tokens or facts.tokens_per_pass or 0, "tokens"),
        ),
        lines=wraps[:5] or (facts.steps[-1].line,),
        confidence=1.0 - PASSES / passes,
        rule=f"1 - {PASSES:g} / passes",
        says=f"the corpus was read {passes:.3g} times; beyond {PASSES:g} repetition teaches little",
        refute_by=f"train as long on a corpus {passes / PASSES:.2g} times as large: it would fall no lower",
    )


CAUSE: Final = Cause(
    name="many-passes",
    root=RootCause.DATA,
    needs=("unique_tokens", "steps"),
    reference="Muennighoff et al. 2023 (arXiv:2305.16264)",
    mechanism="Text that was read before has little left to teach.",
    unseen="The reader began again in silence, and tokens were counted as if they were new.",
    prevention="Every wrap is an event in the log, and passes over the corpus have a limit.",
    examine=_examine,
    guards=("wrap",),
)
