"""Findings for programs."""

from __future__ import annotations

import json

from specship.lint.finding import LintResult
from specship.report.formats import PLAIN, Display


def render(result: LintResult, _display: Display = PLAIN) -> str:
    """`{"files": N, "findings": [...]}`, with how many were silenced and fixed beside it."""
    findings = [
        {
            "path": finding.path, "line": finding.line, "column": finding.column, "code": finding.code,
            "name": finding.name, "message": finding.message, "why": finding.why, "mend": finding.mend,
            "fixable": finding.fixable,
        }
        for finding in result.findings
    ]  # fmt: skip
    answer = {
        "files": result.files, "findings": findings, "silenced": result.silenced + result.ignored,
        "fixed": result.fixed,
    }  # fmt: skip
    return json.dumps(answer, indent=2) + "\n"
