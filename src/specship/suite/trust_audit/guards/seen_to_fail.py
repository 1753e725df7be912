"""Gates, and their limits, that were seen to fail on the faults they name."""

from __future__ import annotations

from typing import Final

from specship.suite.judging.arming_book import ArmingBook
from specship.suite.plan.plan import make_plan
from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force, in_part, not_here

_MEND: Final = "`pytest -m falsify`, then `specship faults --arm` with a key whose purpose is arming"


def _look(grounds: Grounds) -> Answer:
    book, gates, unarmed = ArmingBook(grounds.project), set[str](), set[str]()
    for profile in grounds.releases:
        plan = make_plan(grounds.project, profile.profile)
        gates |= {check.gate.id for check in plan.checks}
        unarmed |= {check.gate.id for check in plan.checks if book.limits_seen(check, plan).unarmed}
    if not gates:
        return not_here("no profile is of the kind `release`", "write one")
    if not unarmed:
        return in_force(f"all {len(gates)} gates were seen to fail on their faults")
    count = f"{len(unarmed)} of {len(gates)} gates"
    says = f"nobody whom a release trusts saw {count} fail: they count for nothing"
    return not_here(says, _MEND) if unarmed == gates else in_part(says, _MEND)


GUARD: Final = Guard("A probe returns a constant, or a fault is emptied so that the gate arms itself.", _look)
