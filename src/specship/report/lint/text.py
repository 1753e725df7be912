"""Findings for a terminal: one line each, with why and how to mend it."""

from __future__ import annotations

import re

from specship.lint.finding import Finding, LintResult
from specship.report.formats import PLAIN, Display

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def render(result: LintResult, _display: Display = PLAIN) -> str:
    """Every finding by place, and a line that sums up."""
    return "".join(f"{_finding(finding)}\n" for finding in result.findings) + summary(result) + "\n"


def _finding(finding: Finding) -> str:
    place = f"{finding.path}:{finding.line}:{finding.column}"
    text = seen(f"{place} {finding.code} {finding.message}")
    if finding.why:
        text += f"\n  why:  {seen(finding.why)}"
    if finding.mend:
        text += f"\n  mend: {seen(finding.mend)}"
    return text


def seen(text: str) -> str:
    """A text with control characters written out: a file's name must not move the cursor."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def summary(result: LintResult) -> str:
    """`13 files, 2 findings, 1 fixable with --fix`."""
    parts = [_count(result.files, "file"), _count(len(result.findings), "finding")]
    if result.fixable:
        parts.append(f"{result.fixable} fixable with --fix")
    if result.fixed:
        parts.append(f"{result.fixed} fixed")
    if result.silenced:
        parts.append(f"{result.silenced} silenced by [tool.specship.lint]")
    if result.ignored:
        parts.append(f"{result.ignored} silenced by --ignore")
    return ", ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
