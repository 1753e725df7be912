"""Losses that lie on a ruler: each one on the line through its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from specship.diagnose.coincidence import RARE, agreement_by_chance, resolution, rows_by_chance
from specship.diagnose.finding import Cause, Figure, Observed, RootCause
from specship.pipeline.run_logs.facts import Evaluation, Facts, LoggedStep, is_finite

_Scored = LoggedStep | Evaluation
_STRAIGHT: Final = 1e-9
"""Relative to the loss: what rounding of the arithmetic leaves of a straight line."""
_FEWEST: Final = 3


@dataclass(frozen=True, slots=True)
class _Row:
    """The longest row of a series whose losses lie midway between their neighbours'."""

    records: Sequence[_Scored]
    of: int
    """Finite losses of the series."""
    chance: float

    @property
    def expected(self) -> float:
        """Rows of that length by chance."""
        return rows_by_chance(self.chance, len(self.records), self.of)


def _examine(facts: Facts) -> Observed | None:
    rows = [_longest_straight(facts.losses), *map(_longest_straight, facts.evaluation_sets)]
    found = [row for row in rows if len(row.records) >= _FEWEST and row.expected <= RARE]
    if not found:
        return None
    best = min(found, key=lambda row: row.expected)
    return Observed(
        figures=(
            Figure("longest_straight", len(best.records), "records"),
            Figure("records", best.of, "records"),
            Figure("agreement_by_chance", best.chance, "ratio"),
        ),
        lines=(best.records[0].line, best.records[-1].line),
        confidence=1.0 - best.expected,
        rule=(
            "1 - records * agreement_by_chance^longest_straight: the rows of that length that rounding alone "
            f"would make; at most {RARE:g}"
        ),
        says=f"{len(best.records)} losses in a row lie on a straight line to within rounding",
        refute_by="train again on other data: the losses would be the same numbers",
    )


def _longest_straight(series: Sequence[_Scored]) -> _Row:
    """The longest row of records whose loss changes, and lies midway between its neighbours'."""
    records = [record for record in series if is_finite(record.loss)]
    losses = [record.loss or 0.0 for record in records]
    best: list[_Scored] = []
    row: list[_Scored] = []
    bends = []
    for here, one, two, three in zip(records[1:], losses, losses[1:], losses[2:], strict=False):
        bend = abs(one - 2 * two + three)
        straight = bend <= _STRAIGHT * max(1.0, abs(two)) and one != two
        if not straight and two != 0:
            bends.append(bend / abs(two))
        row = [*row, here] if straight else []
        best = max(best, row, key=len)
    level = (best[0].loss or 0.0) if best else 0.0
    step = max(resolution(losses), _STRAIGHT)
    return _Row(best, len(records), agreement_by_chance(bends, level, step))


CAUSE: Final = Cause(
    name="scripted-losses",
    root=RootCause.INFRASTRUCTURE,
    needs=("steps.loss",),
    reference="Karpathy 2019, A Recipe for Training Neural Networks, on the input-independent baseline",
    mechanism="The log was written by a formula, and nothing was trained.",
    unseen="A synthetic mode was the default, and its curve looks as a curve should.",
    prevention="Data digests stand in the run, and the first loss is computed again from weights and data.",
    examine=_examine,
)
