"""How a rule is written.

    @rule("SHIP499", bad="rule: At most 2.2 nats.", good="rule: The loss is low.")
    def check(view: View) -> Iterator[Violation]:
        \"\"\"One sentence that says why; it is printed with each finding.

        What the rule looks at, and what it leaves out.
        \"\"\"

Every file of `rules/` holds one such function; its name, with hyphens, is the rule's. Adding a rule
edits no other file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from specship.contracts.document import Document
from specship.lint.finding import Edit, Finding
from specship.lint.view import View

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """What a rule found; its place is looked up only when it is shown."""

    document: Document
    at: Path_
    """Keys and indices of the key at fault."""
    message: str
    mend: str
    edits: Callable[[], tuple[Edit, ...]] | None = None
    """Computes the edits that mend it without changing what the file means."""


Check = Callable[[View], Iterator[Violation]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    code: str
    name: str
    summary: str
    """Why, in one sentence."""
    explanation: str
    """What it looks at, and what it leaves out."""
    bad: str
    good: str
    fixable: bool
    check: Check

    def finding(self, problem: Violation) -> Finding:
        """A problem with its place."""
        place = problem.document.place(*problem.at)
        edits = problem.edits() if problem.edits else ()
        return Finding(
            problem.document.path, place.line or 1, place.column or 1, self.code, self.name,
            problem.message, self.summary, problem.mend, edits,
        )  # fmt: skip


MARK: Final = "__specship_rule__"


def rule(code: str, *, bad: str, good: str, fixable: bool = False) -> Callable[[Check], Check]:
    """Declare the function of a rule's file; see the module's text."""

    def declare(check: Check) -> Check:
        setattr(check, MARK, (code, bad, good, fixable))
        return check

    return declare
