"""What audits found, for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from specship.amend.audits import AuditStanding, audit_problems
from specship.report.formats import PLAIN, Display


def render(standings: Sequence[AuditStanding], _display: Display = PLAIN) -> str:
    """Every finding with its state of today, and every problem."""
    found = [one.model_dump(mode="json") for one in standings]
    return (
        json.dumps(
            {"findings": found, "problems": list(audit_problems(standings))}, indent=2, ensure_ascii=False
        )
        + "\n"
    )
