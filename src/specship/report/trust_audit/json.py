"""The guards for programs."""

from __future__ import annotations

import json

from specship.report.formats import PLAIN, Display
from specship.suite.trust_audit.guard import TrustAudit


def render(audit: TrustAudit, _display: Display = PLAIN) -> str:
    """Counts by state, then every guard."""
    shape = {"counts": dict(audit.counts), "guards": [guard.model_dump() for guard in audit.guards]}
    return json.dumps(shape, indent=2) + "\n"
