"""Asking the rules: from what was read to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from specship.codes import CODES
from specship.errors import Place, SpecshipError
from specship.garbage import undisturbed
from specship.lint.finding import Finding
from specship.lint.silencing import RuleChoice
from specship.lint.view import View


def rule_findings(
    view: View, choice: RuleChoice, wanted: Callable[[str], bool]
) -> tuple[list[Finding], int, int]:
    """Findings of the rules asked in the files wanted, and how many settings and command line keep back."""
    found: list[Finding] = []
    silenced = ignored = 0
    with undisturbed():
        problems = [(rule, problem) for rule in choice.rules for problem in rule.check(view)]
    for rule, problem in problems:
        if not wanted(problem.document.path):
            continue
        if choice.silences(rule.code, problem.document.path):
            silenced += 1
        elif choice.ignores(rule.code):
            ignored += 1
        else:
            found.append(rule.finding(problem))
    return found, silenced, ignored


def fault_findings(faults: Iterable[SpecshipError], root: Path) -> list[Finding]:
    """What keeps files from being read, as findings."""
    return [_of(fault, root) for fault in faults]


def _of(fault: SpecshipError, root: Path) -> Finding:
    place = fault.at or Place("pyproject.toml")
    about = CODES.get(fault.code)
    texts = (
        place.path.removeprefix(f"{root}/"),
        fault.message,
        fault.why or (about.why if about else ""),
        fault.mend,
    )
    path, message, why, mend = (text.encode("utf-8", "backslashreplace").decode() for text in texts)
    name = about.name if about else "unusable-input"
    return Finding(
        path, place.line or 1, place.column or 1, fault.code or "SHIP101", name, message, why, mend
    )
