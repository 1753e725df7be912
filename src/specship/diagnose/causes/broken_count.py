"""Steps of the log that are missing, come twice or go back."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from specship.diagnose.facts import Facts
from specship.diagnose.finding import Cause, Figure, Observed, RootCause


def _examine(facts: Facts) -> Observed | None:
    pairs = list(pairwise(facts.steps))
    back = [after for before, after in pairs if after.step <= before.step]
    gaps = [after for before, after in pairs if after.step > before.step + facts.log_every]
    if facts.log_every > 1:  # means over an interval: the last one may be shorter, a gap says nothing
        gaps = []
    bad = len(back) + len(gaps)
    if not bad:
        return None
    return Observed(
        figures=(Figure("steps_repeated", len(back), "steps"), Figure("gaps", len(gaps), "gaps")),
        lines=tuple(step.line for step in (*back, *gaps)[:5]),
        confidence=1.0 - 1.0 / (1.0 + bad),
        rule="1 - 1 / (1 + steps_repeated + gaps)",
        says=f"the log repeats {len(back)} steps and has {len(gaps)} gaps",
        refute_by="resume the run twice from one checkpoint: both logs would count on without a break",
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
