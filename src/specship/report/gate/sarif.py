"""The decision as SARIF 2.1.0: one rule a check, one result a reason, and waivers as suppressed results.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0, 3.27 (result) and 3.35 (suppression).
"""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import quote

from specship.pull_request.records import MergeDecision, Reason
from specship.report.formats import PLAIN, Display
from specship.report.gate._phrases import added, counted_waiver, head_place, weakening_line
from specship.review.records import Change
from specship.status.report import WaiverReport
from specship.version import VERSION

_HOME: Final = "https://github.com/specship/specship"
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_ANYWHERE: Final = "pyproject.toml"
"""Where readers show what head has no line for; a result without a place is shown nowhere."""
_NAMED: Final = ("weakening-named", "What was weakened, and an amendment says so.", "warning")
_SUPPRESSED: Final = {"in force": "accepted", "waiting": "underReview"}
"""Status of a suppression by the state of its waiver; of any other state it suppresses nothing."""
_WAIVED: Final = ("gate-waived", "A waiver excuses that a gate fails, for a while.", "warning")


def render(decision: MergeDecision, _display: Display = PLAIN) -> str:
    """One run; fingerprints survive when lines move."""
    rules = [(entry.check, entry.why, "error") for entry in decision.checks]
    rules += [_NAMED, _WAIVED]
    index = {name: number for number, (name, _, _) in enumerate(rules)}
    named = [change for change in decision.weakenings if change.id not in decision.unnamed]
    weaker = [reason for reason in decision.reasons if reason.check == "weakening-not-named"]
    others = [reason for reason in decision.reasons if reason.check != "weakening-not-named"]
    rows = [_of_reason(reason, index) for reason in weaker]
    rows += [_of_weakening(change, decision, index) for change in named]
    rows += [_of_waiver(waiver, decision, index) for waiver in decision.waivers]
    rows += [_of_reason(reason, index) for reason in others]
    driver = {
        "name": "specship",
        "version": VERSION,
        "informationUri": _HOME,
        "rules": [_rule(*rule) for rule in rules],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": rows}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(name: str, why: str, level: str) -> dict[str, Any]:
    return {
        "id": name,
        "shortDescription": {"text": why},
        "helpUri": f"{_HOME}/blob/main/docs/pull-requests.md#what-fails",
        "defaultConfiguration": {"level": level},
    }


def _of_reason(reason: Reason, index: dict[str, int]) -> dict[str, Any]:
    text = f"{reason.says}\nmend: {reason.mend}" if reason.mend else reason.says
    return _result(reason.check, index, "error", text, reason.path, reason.line, reason.fingerprint)


def _of_weakening(change: Change, decision: MergeDecision, index: dict[str, int]) -> dict[str, Any]:
    text = weakening_line(change, decision)
    mark = f"{change.id} {change.kind} {change.quantity or ''} {change.before} {change.after}"
    return _result(_NAMED[0], index, "warning", text, *head_place(change), mark)


def _of_waiver(waiver: WaiverReport, decision: MergeDecision, index: dict[str, int]) -> dict[str, Any]:
    text = counted_waiver(waiver, decision)
    found = _result(_WAIVED[0], index, "warning", text, waiver.path, waiver.line, waiver.fingerprint)
    reason = f"{waiver.owner}: {waiver.reason} {waiver.issue} (until {waiver.expires})"
    status = _SUPPRESSED.get(waiver.state, "rejected")
    if status == "accepted" and added(waiver, decision):
        status = "underReview"
    return found | {"suppressions": [{"kind": "external", "status": status, "justification": reason}]}


def _result(
    rule: str, index: dict[str, int], level: str, text: str, path: str | None, line: int | None, mark: str
) -> dict[str, Any]:
    place = {
        "artifactLocation": {"uri": quote(path or _ANYWHERE), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": line or 1},
    }
    return {
        "ruleId": rule,
        "ruleIndex": index[rule],
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"specship/v1": mark},
    }
