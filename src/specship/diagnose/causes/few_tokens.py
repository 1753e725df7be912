"""Fewer tokens than the parameters need: unique ones, or those that the plan reads."""

from __future__ import annotations

from typing import Final

from specship.diagnose.finding import Cause, Figure, NotExamined, Observed, RootCause
from specship.pipeline.planning.budget import TOKENS_PER_PARAMETER
from specship.pipeline.run_logs.facts import OURS, Facts

_NEEDS: Final = ("parameters", "unique_tokens", "tokens_per_step")


def _examine(facts: Facts) -> Observed | NotExamined | None:
    if facts.from_scratch is False:
        return NotExamined(
            because="the run began from a checkpoint, whose own training had its tokens; "
            f"{TOKENS_PER_PARAMETER:g} tokens a parameter are for weights that begin at random"
        )
    if facts.from_scratch is None and facts.kind != OURS:
        return NotExamined(
            because=f"a {facts.kind} does not say whether it began from random weights, for which "
            f"{TOKENS_PER_PARAMETER:g} tokens a parameter are; --fact mode=scratch has it asked"
        )
    if absent := tuple(need for need in _NEEDS if getattr(facts, need) is None):
        return NotExamined(missing=absent)
    parameters, unique = facts.parameters or 0, facts.unique_tokens or 0
    planned = facts.planned_tokens or facts.trained_tokens or 0
    ratio = min(unique, planned) / parameters
    if ratio >= TOKENS_PER_PARAMETER:
        return None
    if facts.from_scratch is None:
        return NotExamined(missing=("mode",))
    scarce = "unique tokens" if unique <= planned else "planned tokens"
    return Observed(
        figures=(
            Figure("unique_tokens", unique, "tokens"),
            Figure("planned_tokens", planned, "tokens"),
            Figure("parameters", parameters, "parameters"),
            Figure("tokens_per_parameter", ratio, "tokens/parameter"),
        ),
        lines=facts.recorded(
            *("parameters", "unique_train_tokens", "planned_steps", "tokens_per_step"),
            *("max_steps", "num_input_tokens_seen"),
        ),
        confidence=1.0 - ratio / TOKENS_PER_PARAMETER,
        rule=f"1 - tokens_per_parameter / {TOKENS_PER_PARAMETER:g}",
        says=f"{ratio:.3g} {scarce} a parameter; about {TOKENS_PER_PARAMETER:g} are needed",
        refute_by=f"train on {parameters * TOKENS_PER_PARAMETER:.4g} unique tokens: it would be no better",
    )


CAUSE: Final = Cause(
    name="few-tokens",
    root=RootCause.DATA,
    needs=("steps",),
    reference="Hoffmann et al. 2022 (arXiv:2203.15556)",
    mechanism="A model of this size has more to learn than so few tokens tell it.",
    unseen="Nobody divided the tokens by the parameters before the run was paid for.",
    prevention="The plan states tokens a parameter; below the limit a run needs a recorded reason.",
    examine=_examine,
    guards=("accept-starvation",),
)
