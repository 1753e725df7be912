"""Less wall time on record than the logged steps took."""

from __future__ import annotations

import math
from typing import Final

from specship.diagnose.facts import Facts
from specship.diagnose.finding import Cause, Figure, Observed, RootCause

_SLACK: Final = 1.05


def _examine(facts: Facts) -> Observed | None:
    per_step, wall = facts.tokens_per_step or 0, facts.wall_seconds or 0.0
    timed = [step for step in facts.steps if step.tokens_per_second]
    steps = math.fsum(per_step / (step.tokens_per_second or 1.0) for step in timed)
    if not wall or steps <= _SLACK * wall:
        return None
    return Observed(
        figures=(
            Figure("logged_seconds", steps, "s"),
            Figure("wall_seconds", wall, "s"),
        ),
        lines=(timed[-1].line,),
        confidence=1.0 - wall / steps,
        rule="1 - wall_seconds / logged_seconds",
        says=f"the steps on record took {steps:.3g} s, the run says {wall:.3g} s",
        refute_by="add up the sessions of the run: they would come to the wall time on record",
    )


CAUSE: Final = Cause(
    name="wall-clock-short",
    root=RootCause.INFRASTRUCTURE,
    needs=("tokens_per_step", "wall_seconds", "steps.tokens_per_second"),
    reference="Chowdhery et al. 2022 (arXiv:2204.02311), appendix B, on counting what training takes",
    mechanism="The clock began again with the last session.",
    unseen="A cheap run is good news.",
    prevention="The wall time of a run is the sum over its sessions, and is held against its steps.",
    examine=_examine,
    essential=False,
)
