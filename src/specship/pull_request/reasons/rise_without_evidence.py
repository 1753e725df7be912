"""Numbers that rise although nothing was measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.pull_request.facts import MergeFacts, MergeObjection
from specship.status.report import ModelReport, Standing

WEIGHT: Final = 90


def reasons(facts: MergeFacts) -> Iterator[MergeObjection]:
    """Only evidence raises the ship-%: a number that rises by an edit of YAML says nothing of the model.

    What explains a rise: criteria that new evidence discharges under base's demands too, and criteria
    of which a gate has new evidence.
    """
    before = {(model.model, model.profile): model for model in facts.before}
    on_base = {(model.model, model.profile): model for model in facts.on_base}
    for model in facts.after:
        key = model.model, model.profile
        if key not in before:
            continue
        had, earned = _discharged(before[key]), _discharged(on_base[key])
        total = sum(c.weight for c in model.criteria if c.status != Standing.NOT_JUDGED)
        explained = sum(
            100.0 * criterion.weight / total
            for criterion in model.criteria
            if criterion.status == Standing.DISCHARGED and criterion.id not in had
            if criterion.id in earned or any(gate.id in facts.measured_anew for gate in criterion.gates)
        )
        rise = model.ship_percent - before[key].ship_percent
        if rise > explained + 1e-6:
            yield MergeObjection(
                model.model,
                f"{model.model} at {model.profile} rises from {before[key].ship_percent:g} % to "
                f"{model.ship_percent:g} %, and new evidence explains {explained:g} % of it",
                "take the edit back that raises it, or measure and commit the evidence with it",
            )  # fmt: skip


def _discharged(model: ModelReport) -> set[str]:
    return {criterion.id for criterion in model.criteria if criterion.status == Standing.DISCHARGED}
