"""The data began again and no event says so."""

from __future__ import annotations

import math
from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause, repeated
from specship.pipeline.run_logs.facts import Facts


def _examine(facts: Facts) -> Observed | None:
    needed = max(0, math.ceil((facts.trained_tokens or 0) / (facts.tokens_per_pass or 1)) - 1)
    announced = sum(event.name == "wrap" for event in facts.events or ())
    if needed <= announced:
        return None
    return Observed(
        figures=(
            Figure("wraps_needed", needed, "wraps"),
            Figure("wraps_announced", announced, "wraps"),
            Figure("passes", facts.passes or 0.0, "passes"),
        ),
        lines=(facts.steps[-1].line, *facts.recorded("windows_per_pass")),
        confidence=repeated(needed - announced),
        rule="1 - 2^-(wraps_needed - wraps_announced)",
        says=f"{facts.trained_tokens} tokens need {needed} wraps of the data; {announced} are announced",
        refute_by="count the tokens that the reader can give in one pass: they would suffice",
    )


CAUSE: Final = Cause(
    name="unannounced-wrap",
    root=RootCause.INFRASTRUCTURE,
    needs=("tokens_per_pass", "events", "steps.tokens_seen"),
    reference="Muennighoff et al. 2023 (arXiv:2305.16264)",
    mechanism="The reader was made cyclic to keep a run from ending.",
    unseen="Tokens seen go up as if they were new.",
    prevention="End of data is answered by a halt or by an announced cycle.",
    examine=_examine,
)
