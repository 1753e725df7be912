"""Findings as annotations of a GitHub workflow.

What keeps a file from being read comes first, then what only a person can mend; what `--fix` mends is
a warning. GitHub shows ten errors and ten warnings of a step, so the last line says how many it hides.
"""

from __future__ import annotations

from specship.lint.finding import Finding, LintResult
from specship.report.formats import PLAIN, Display
from specship.report.lint.text import seen, summary

_SHOWN = 10


def render(result: LintResult, _display: Display = PLAIN) -> str:
    """One workflow command a finding, and a plain line that sums up."""
    ranked = sorted(result.findings, key=lambda finding: (finding.fixable, finding.is_rule, finding.order))
    warnings = result.fixable
    hidden = max(len(ranked) - warnings - _SHOWN, 0) + max(warnings - _SHOWN, 0)
    closing = summary(result)
    if hidden:
        closing += f"; GitHub hides {hidden} of them: it shows {_SHOWN} errors and {_SHOWN} warnings a step"
    return "".join(f"{_command(finding)}\n" for finding in ranked) + closing + "\n"


def _command(finding: Finding) -> str:
    level = "warning" if finding.fixable else "error"
    title = as_property(f"{finding.code} {finding.name}")
    message = finding.message + (f" ({finding.mend})" if finding.mend else "")
    place = f"file={as_property(finding.path)},line={finding.line},col={finding.column}"
    return f"::{level} {place},title={title}::{as_data(message)}"


def as_data(text: str) -> str:
    """Line breaks as GitHub wants them; other control characters are written out."""
    rows = (seen(row).replace("%", "%25") for row in text.replace("\r", "\n").split("\n"))
    return "%0A".join(rows)


def as_property(text: str) -> str:
    """A value of an annotation: commas and colons would end it."""
    return as_data(text).replace(":", "%3A").replace(",", "%2C")
