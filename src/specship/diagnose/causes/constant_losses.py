"""The same loss, to the last digit that the log holds, step after step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from specship.diagnose.coincidence import RARE, agreement_by_chance, resolution, rows_by_chance
from specship.diagnose.finding import Cause, Figure, Observed, RootCause
from specship.pipeline.run_logs.facts import Facts, LoggedStep, is_finite

_LONGEST: Final = 3
_BEGINNING: Final = 0.2
"""Share of the log: a preference loss is one number for all data until the weights have moved (DPO: ln 2)."""


def _examine(facts: Facts) -> Observed | None:
    longest = max(_rows(facts.losses), key=len, default=[])
    at_the_start = bool(longest) and longest[0] is facts.losses[0]
    if len(longest) < max(_LONGEST, _BEGINNING * len(facts.losses) if at_the_start else 0):
        return None
    loss = longest[0].loss or 0.0
    chance = agreement_by_chance(
        list(_changes(facts.losses, set(map(id, longest)))),
        loss,
        resolution([step.loss or 0.0 for step in facts.finite_losses]),
    )
    expected = rows_by_chance(chance, len(longest) - 1, len(facts.losses))
    if expected > RARE:
        return None
    return Observed(
        figures=(
            Figure("longest_constant", len(longest), "records"),
            Figure("loss", loss, "nats/token"),
            Figure("records", len(facts.losses), "records"),
            Figure("agreement_by_chance", chance, "ratio"),
        ),
        lines=(longest[0].line, longest[-1].line),
        confidence=1.0 - expected,
        rule=(
            "1 - records * agreement_by_chance^(longest_constant - 1): the rows of that length that rounding "
            f"alone would make; at most {RARE:g}"
        ),
        says=f"{len(longest)} records in a row have the loss {loss!r}",
        refute_by="score two different batches with these weights: they would cost the same",
    )


def _rows(steps: Sequence[LoggedStep]) -> Iterator[list[LoggedStep]]:
    """Records one after another with one finite loss; NaN equals nothing, itself included."""
    row: list[LoggedStep] = []
    for step in steps:
        if not is_finite(step.loss):
            row = []
        elif row and step.loss == row[-1].loss:
            row.append(step)
        else:
            row = [step]
        yield row


def _changes(steps: Sequence[LoggedStep], without: set[int]) -> Iterator[float]:
    """Relative differences of successive losses that do not both stand in the row."""
    for before, after in pairwise(steps):
        one, two = before.loss or 0.0, after.loss or 0.0
        size = (abs(one) + abs(two)) / 2
        if not {id(before), id(after)} <= without and is_finite(size) and size > 0:
            yield abs(one - two) / size


CAUSE: Final = Cause(
    name="constant-losses",
    root=RootCause.INFRASTRUCTURE,
    needs=("steps.loss",),
    reference="Karpathy 2019, A Recipe for Training Neural Networks, on the input-independent baseline",
    mechanism="The logged number does not come from the data of the step.",
    unseen="A flat curve is taken for a converged one.",
    prevention="A loss that ignores its data is found by scoring another batch with the same weights.",
    examine=_examine,
)
