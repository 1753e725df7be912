"""Losses that lie on a ruler: each one on the line through its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from specship.diagnose.facts import Evaluation, Facts, Step
from specship.diagnose.finding import Cause, Figure, Observed, RootCause, repeated

_Scored = Step | Evaluation
_STRAIGHT: Final = 1e-9
"""Relative to the loss: what rounding leaves of a straight line."""
_FEWEST: Final = 3


def _examine(facts: Facts) -> Observed | None:
    steps = _longest_straight(facts.losses)
    evaluations = _longest_straight(facts.evaluations)
    longest = max((steps, evaluations), key=len)
    if len(longest) < _FEWEST:
        return None
    return Observed(
        figures=(
            Figure("straight_steps", len(steps), "steps"),
            Figure("straight_evaluations", len(evaluations), "evaluations"),
        ),
        lines=(longest[0].line, longest[-1].line),
        confidence=repeated(len(longest)),
        rule="1 - 2^-n, n the longest row of losses on the line through their neighbours",
        says=f"{len(longest)} losses in a row lie on a straight line to within rounding",
        refute_by="train again on other data: the losses would be the same numbers",
    )


def _longest_straight(records: Sequence[_Scored]) -> list[_Scored]:
    """The longest row of records whose loss changes, and lies midway between its neighbours'."""
    best: list[_Scored] = []
    row: list[_Scored] = []
    for before, here, after in zip(records, records[1:], records[2:], strict=False):
        one, two, three = (record.loss or 0.0 for record in (before, here, after))
        straight = abs(one - 2 * two + three) <= _STRAIGHT * max(1.0, abs(two)) and one != two
        row = [*row, here] if straight else []
        best = max(best, row, key=len)
    return best


CAUSE: Final = Cause(
    name="scripted-losses",
    root=RootCause.INFRASTRUCTURE,
    needs=("steps.loss",),
    reference="Sculley et al. 2015, Hidden Technical Debt in Machine Learning Systems (NeurIPS)",
    mechanism="The log was written by a formula, and nothing was trained.",
    unseen="A synthetic mode was the default, and its curve looks as a curve should.",
    prevention="Data digests stand in the run, and the first loss is computed again from weights and data.",
    examine=_examine,
)
