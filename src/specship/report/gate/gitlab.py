"""The decision as a code quality report of GitLab, which is shown beside a merge request's lines.

Source: GitLab documentation, Code Quality: description, check_name, fingerprint, severity, location.
"""

from __future__ import annotations

import json
from typing import Any

from specship.digests import digest_of
from specship.pull_request.records import MergeDecision, Reason
from specship.report.formats import PLAIN, Display
from specship.report.gate._phrases import counted_waiver, head_place, weakening_line


def render(decision: MergeDecision, _display: Display = PLAIN) -> str:
    """A list of findings, weakenings first; what does not fail is minor."""
    rows = [_of_reason(reason) for reason in decision.reasons if reason.check == "weakening-not-named"]
    for change in decision.weakenings:
        if change.id not in decision.unnamed:
            text = weakening_line(change, decision)
            rows.append(_row("weakening-named", text, "minor", *head_place(change)))
    rows += [
        _row("waiver", counted_waiver(waiver, decision), "info", waiver.path, waiver.line)
        for waiver in decision.waivers
    ]
    rows += [_of_reason(reason) for reason in decision.reasons if reason.check != "weakening-not-named"]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def _of_reason(reason: Reason) -> dict[str, Any]:
    severity = "blocker" if reason.weight >= 90 else "critical" if reason.weight >= 60 else "major"
    text = f"{reason.says} ({reason.mend})" if reason.mend else reason.says
    row = _row(reason.check, text, severity, reason.path, reason.line)
    return row | {"fingerprint": digest_of([reason.fingerprint])}


def _row(check: str, text: str, severity: str, path: str | None, line: int | None) -> dict[str, Any]:
    return {
        "description": text,
        "check_name": f"specship {check}",
        "fingerprint": digest_of([check, text, path or ""]),
        "severity": severity,
        "location": {"path": path or "pyproject.toml", "lines": {"begin": line or 1}},
    }
