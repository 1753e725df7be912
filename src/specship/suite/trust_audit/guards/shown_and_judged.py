"""What a session showed is compared with what was judged, and evidence alone counts."""

from __future__ import annotations

from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force, in_part


def _look(grounds: Grounds) -> Answer:
    receipts = grounds.ledger.receipts
    if not receipts:
        return in_part(
            "no session has left a receipt here: nobody can say what one showed",
            "pytest -m ship --ship-strict",
        )
    last = max(receipts, key=lambda entry: entry.record.ended).record
    lied = f", {len(last.rewritten)} of them shown as something else" if last.rewritten else ""
    return in_force(f"{len(receipts)} sessions left receipts; the last named {len(last.gates)} gates{lied}")


GUARD: Final = Guard("A hook rewrites outcomes, skips a gate or ends the session with 0.", _look)
