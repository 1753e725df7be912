"""The same loss, to the last bit, step after step."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from specship.diagnose.facts import Facts
from specship.diagnose.finding import Cause, Figure, Observed, RootCause, repeated

_LONGEST: Final = 3


def _examine(facts: Facts) -> Observed | None:
    runs = [list(group) for _, group in groupby(facts.losses, key=lambda step: step.loss)]
    longest = max(runs, key=len, default=[])
    if len(longest) < _LONGEST:
        return None
    return Observed(
        figures=(
            Figure("longest_constant", len(longest), "steps"),
            Figure("loss", longest[0].loss or 0.0, "nats/token"),
        ),
        lines=(longest[0].line, longest[-1].line),
        confidence=repeated(len(longest) - 1),
        rule="1 - 2^-(longest_constant - 1)",
        says=f"{len(longest)} records in a row have the loss {longest[0].loss!r}",
        refute_by="score two different batches with these weights: they would cost the same",
    )


CAUSE: Final = Cause(
    name="constant-losses",
    root=RootCause.INFRASTRUCTURE,
    needs=("steps.loss",),
    reference="Sculley et al. 2015, Hidden Technical Debt in Machine Learning Systems (NeurIPS)",
    mechanism="The logged number does not come from the data of the step.",
    unseen="A flat curve is taken for a converged one.",
    prevention="A loss that ignores its data is found by scoring another batch with the same weights.",
    examine=_examine,
)
