"""Held-out losses are the training losses of the same steps, to the last digit."""

from __future__ import annotations

from typing import Final

from specship.diagnose.coincidence import RARE, agreement_by_chance, resolution, rows_by_chance
from specship.diagnose.finding import Cause, Figure, Observed, RootCause
from specship.pipeline.run_logs.facts import Facts

_FEWEST: Final = 3


def _examine(facts: Facts) -> Observed | None:
    trained = {step.step: step for step in facts.finite_losses}
    held_out = {one.step: one for series in facts.evaluation_sets for one in series if one.step in trained}
    same = [one for step, one in held_out.items() if one.loss == trained[step].loss]
    if len(same) < _FEWEST or 2 * len(same) < len(held_out):
        return None
    losses = [step.loss or 0.0 for step in trained.values()]
    level = min(abs(one.loss) for one in same)
    chance = agreement_by_chance([], level, resolution(losses))
    expected = rows_by_chance(chance, len(same), 1)
    if expected > RARE:
        return None
    return Observed(
        figures=(
            Figure("evaluations_alike", len(same), "evaluations"),
            Figure("evaluations", len(held_out), "evaluations"),
            Figure("agreement_by_chance", chance, "ratio"),
        ),
        lines=tuple(line for one in same[:2] for line in (one.line, trained[one.step].line)),
        confidence=1.0 - expected,
        rule=f"1 - agreement_by_chance^evaluations_alike; what rounding alone would make is at most {RARE:g}",
        says=(
            f"{len(same)} of {len(held_out)} held-out losses are the training losses of the same steps, "
            "to the last digit"
        ),
        refute_by="score the held-out text with the last checkpoint: its loss would be the one on record",
    )


CAUSE: Final = Cause(
    name="held-out-is-training",
    root=RootCause.INFRASTRUCTURE,
    needs=("steps.loss", "evaluations"),
    reference="Kapoor and Narayanan 2022 (arXiv:2207.07048), on leakage without a test set",
    mechanism="The training batch was scored once more, or its loss was logged under the held-out name.",
    unseen="A held-out loss so near to training loss looks like a model that generalises.",
    prevention="Texts of both splits are compared, and held-out loss is computed again from a checkpoint.",
    examine=_examine,
)
