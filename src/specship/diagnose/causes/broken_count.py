"""Steps of the log that are missing between others, come twice or go back."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause
from specship.pipeline.run_logs.facts import OURS, Facts


def _examine(facts: Facts) -> Observed | None:
    each = facts.kind == OURS  # a Trainer logs now and then, and may log one step twice
    pairs = list(pairwise(facts.steps))
    back = [after for before, after in pairs if after.step < before.step + each]
    gaps = [after for before, after in pairs if each and after.step > before.step + 1]
    bad = len(back) + len(gaps)
    if not bad:
        return None
    return Observed(
        figures=(Figure("steps_repeated", len(back), "records"), Figure("gaps", len(gaps), "gaps")),
        lines=tuple(step.line for step in (*back, *gaps)[:5]),
        confidence=1.0 - 1.0 / (1.0 + bad),
        rule="1 - 1 / (1 + steps_repeated + gaps)",
        says=f"the log repeats {len(back)} steps and has {len(gaps)} gaps",
        refute_by=(
            "take the steps around the break again from the checkpoint before it: the log would hold each "
            "of their losses once, in that order"
        ),
    )


CAUSE: Final = Cause(
    name="broken-count",
    root=RootCause.INFRASTRUCTURE,
    needs=("steps",),
    reference="Mohan et al. 2021, CheckFreq (USENIX FAST)",
    mechanism="A resumed run went on from another place than its log did.",
    unseen="Curves are drawn over records, not over steps.",
    prevention="A log is cut back to its checkpoint before a run goes on.",
    examine=_examine,
)
