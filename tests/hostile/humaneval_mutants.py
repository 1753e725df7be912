"""Canonical solutions with one thing changed: most are wrong, some still right."""

from __future__ import annotations

from specship.pipeline.evaluation.humaneval.problems import Problem

SWAPS = (
    ("+", "-"), ("<", "<="), ("==", "!="), ("return ", "return not "), ("1", "2"), ("0", "1"),
    ("True", "False"), (" and ", " or "), ("for ", "for _ in [] for "), ("[", "sorted(["),
)  # fmt: skip


def mutants(problem: Problem, most: int) -> list[str]:
    """Completions of one problem; the prompt is not part of them."""
    code = problem.canonical_solution
    changed = [code.replace(old, new, 1) for old, new in SWAPS if old in code]
    return list(dict.fromkeys(changed))[:most]
