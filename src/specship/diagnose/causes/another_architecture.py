"""The model that was trained has other parameters than the declared one."""

from __future__ import annotations

from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause
from specship.pipeline.run_logs.facts import Facts


def _examine(facts: Facts) -> Observed | None:
    trained, declared = facts.parameters or 0, facts.declared_parameters or 0
    if trained == declared:
        return None
    return Observed(
        figures=(
            Figure("parameters", trained, "parameters"),
            Figure("declared_parameters", declared, "parameters"),
        ),
        lines=facts.recorded("parameters", "declared_parameters"),
        confidence=1.0,
        rule="1: both numbers are on record",
        says=f"{trained} parameters were trained, the declared architecture has {declared}",
        refute_by="count the numbers in the first checkpoint: they would be those declared",
    )


CAUSE: Final = Cause(
    name="another-architecture",
    root=RootCause.INFRASTRUCTURE,
    needs=("parameters", "declared_parameters"),
    reference=(
        "Humbatova et al. 2019, Taxonomy of Real Faults in Deep Learning Systems (arXiv:1910.11015), "
        "on wrong network architectures"
    ),
    mechanism="Another model was built under the declared one's name.",
    unseen="It trains as well as the declared one would, until somebody loads it.",
    prevention="Parameters are counted from the declaration and from the weights, and compared.",
    examine=_examine,
)
