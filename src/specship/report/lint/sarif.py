"""Findings as SARIF 2.1.0, the static-analysis format that code hosts read.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any, Final
from urllib.parse import quote

from specship import __version__
from specship.lint.finding import Finding, LintResult
from specship.report.formats import PLAIN, Display

_HOME: Final = "https://github.com/specship/specship"
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def render(result: LintResult, _display: Display = PLAIN) -> str:
    """One run with one rule a code; fingerprints survive when lines move."""
    codes = sorted({finding.code for finding in result.findings})
    seen: Counter[str] = Counter()
    rows = [_result(finding, codes.index(finding.code), seen) for finding in result.findings]
    about = {finding.code: finding for finding in result.findings}
    driver = {
        "name": "specship",
        "version": __version__,
        "informationUri": _HOME,
        "rules": [_rule(about[code]) for code in codes],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": rows}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.code,
        "name": finding.name,
        "shortDescription": {"text": finding.why or finding.name},
        "helpUri": f"{_HOME}/blob/main/docs/lint.md#{_anchor(finding)}",
        "defaultConfiguration": {"level": _level(finding)},
    }


def _anchor(finding: Finding) -> str:
    """A rule has a section of its own on the page, and the other codes share a table."""
    if not finding.is_rule:
        return "what-keeps-a-file-from-being-used"
    return f"{finding.code.lower()}-{finding.name}"


def _result(finding: Finding, index: int, seen: Counter[str]) -> dict[str, Any]:
    text = finding.message + (f"\nmend: {finding.mend}" if finding.mend else "")
    uri = quote(finding.path)
    place = {
        "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": finding.line, "startColumn": finding.column},
    }
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _level(finding),
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"specship/v1": _fingerprint(finding, seen)},
    }


def _fingerprint(finding: Finding, seen: Counter[str]) -> str:
    """Of code, path and message, and of how many equal ones came before."""
    same = json.dumps([finding.code, finding.path, finding.message])
    seen[same] += 1
    return hashlib.sha256(f"{same}{seen[same]}".encode()).hexdigest()[:12]


def _level(finding: Finding) -> str:
    return "warning" if finding.is_rule else "error"
