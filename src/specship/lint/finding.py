"""Findings, and what a whole run of lint answers.

Plain tuples with names: a recalled answer is printed before dataclasses would have been imported.
"""

from __future__ import annotations

from typing import Any, NamedTuple

GOOD, FOUND, UNREADABLE = 0, 1, 2
_RULES = "SHIP4"
"""How the codes of lint rules begin; every other code is of a fault that keeps a file from being read."""


class Edit(NamedTuple):
    """Characters of a file's text from `start` up to `end`, and what stands there instead."""

    start: int
    end: int
    text: str


class Finding(NamedTuple):
    """What is wrong, where, and how to mend it."""

    path: str
    """Within the project."""
    line: int
    column: int
    code: str
    name: str
    message: str
    why: str
    mend: str
    edits: tuple[Edit, ...] = ()

    @property
    def fixable(self) -> bool:
        """Whether `--fix` mends it, without changing what the file means."""
        return bool(self.edits)

    @property
    def is_rule(self) -> bool:
        """Whether a rule found it; else a file cannot be used, and nothing silences that."""
        return self.code.startswith(_RULES)

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """By place, then by code."""
        return self.path, self.line, self.column, self.code, self.message


class LintResult(NamedTuple):
    """Everything that a run of lint found."""

    files: int
    findings: tuple[Finding, ...]
    silenced: int = 0
    """Findings that `[tool.specship.lint]` keeps from being shown."""
    ignored: int = 0
    """Findings that `--ignore` keeps from being shown."""
    fixed: int = 0
    """Findings that `--fix` mended."""

    @property
    def fixable(self) -> int:
        """How many findings `--fix` would mend."""
        return sum(finding.fixable for finding in self.findings)

    @property
    def exit_status(self) -> int:
        """0 without findings, 1 with findings of rules, 2 where a file cannot be used."""
        if not self.findings:
            return GOOD
        return FOUND if all(finding.is_rule for finding in self.findings) else UNREADABLE

    def as_json(self) -> dict[str, Any]:
        """Plain values, from which `from_json` makes the same record."""
        return {
            "files": self.files,
            "silenced": self.silenced,
            "ignored": self.ignored,
            "findings": [
                [
                    f.path, f.line, f.column, f.code, f.name, f.message, f.why, f.mend,
                    [[e.start, e.end, e.text] for e in f.edits],
                ]
                for f in self.findings
            ],
        }  # fmt: skip

    @classmethod
    def from_json(cls, plain: Any) -> LintResult | None:
        """The record of plain values that `as_json` gave; None where they are of any other shape."""
        try:
            counts = [plain[name] for name in ("files", "silenced", "ignored")]
            findings = tuple(_finding_of(row) for row in plain["findings"])
        except (KeyError, TypeError, ValueError):
            return None
        if len(plain) != len(counts) + 1 or not all(type(count) is int and count >= 0 for count in counts):
            return None
        return cls(counts[0], findings, counts[1], counts[2])


_SHAPE = (str, int, int, str, str, str, str, str, list)
_EDIT_SHAPE = (int, int, str)


def _finding_of(row: list[Any]) -> Finding:
    """Raises ValueError for anything but a row that `as_json` wrote."""
    if tuple(map(type, row)) != _SHAPE or any(tuple(map(type, edit)) != _EDIT_SHAPE for edit in row[-1]):
        raise ValueError("no finding")
    path, line, column, code, name, message, why, mend, edits = row
    spans = tuple(Edit(*edit) for edit in edits)
    return Finding(path, line, column, code, name, message, why, mend, spans)
