"""What audits found, for a person: state of today, and what says so."""

from __future__ import annotations

from collections.abc import Sequence

from specship.amend.audits import AuditStanding, audit_problems
from specship.report.formats import PLAIN, Display


def render(standings: Sequence[AuditStanding], _display: Display = PLAIN) -> str:
    """A line for each finding, those of one audit together, then what does not hold."""
    lines: list[str] = []
    for audit in dict.fromkeys((one.audit, one.sha256) for one in standings):
        lines.append(f"{audit[0]} (sha256:{audit[1][:12]}…)")
        for one in standings:
            if (one.audit, one.sha256) == audit:
                bound = ", ".join(one.binds_to) or "bound to nothing"
                by = f" by {', '.join(name[:19] for name in one.by)}" if one.by else ""
                lines += [f"  {one.id} {one.state:<10} {one.place}: {one.what}", f"      {bound}{by}"]
    if not lines:
        lines.append("no amendment holds a finding of an audit; take one in: specship amend --audit FILE")
    return "\n".join([*lines, *audit_problems(standings)]) + "\n"
