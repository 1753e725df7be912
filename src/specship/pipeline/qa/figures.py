"""What the gates measured on one model or several, in the figures that a contract can limit."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from specship.pipeline.qa.records import QaReport


def gate_figures(reports: Collection[QaReport]) -> dict[str, Any]:
    """How many gates of all models there are, were executed and passed, and the worst of their figures.

    `failed` were executed and did not pass. A figure is None where it was not measured on each model.
    """
    executed = sum(report.executed for report in reports)
    passed = sum(report.passed for report in reports)
    return {
        "gates": sum(len(report.answers) for report in reports),
        "executed": executed,
        "passed": passed,
        "failed": executed - passed,
        **_worst_figures(reports),
    }


def _worst_figures(reports: Collection[QaReport]) -> dict[str, Any]:
    sources = {
        "values": ("statistics", ("values",), min),
        "unsound_values": ("statistics", ("nan", "infinite"), max),
        "altered_texts": ("tokenizer", ("altered",), max),
        "known_words": ("golden", ("known_words",), min),
        "better_than_counting": ("golden", ("better_than_counting",), min),
        "hypotheses": ("layout", ("hypotheses",), min),
        "likelier_undone": ("layout", ("likelier_undone",), max),
        "parity_steps": ("parity", ("steps",), min),
        "differing_tokens": ("parity", ("differing_tokens",), max),
        "max_abs_logprob": ("parity", ("max_abs_logprob",), max),
    }
    found = {}
    for quantity, (gate, names, worse) in sources.items():
        per_model = [_sum(report, gate, names) for report in reports]
        known = [value for value in per_model if value is not None]
        found[quantity] = worse(known) if len(known) == len(per_model) else None
    return found


def _sum(report: QaReport, gate: str, names: tuple[str, ...]) -> Any:
    """The sum of some figures of a gate; None where one of them was not measured."""
    answer = next(one for one in report.answers if one.name == gate)
    values = [figure["value"] for figure in answer.figures if figure["name"] in names]
    numbers = [value for value in values if isinstance(value, int | float)]
    return sum(numbers) if len(numbers) == len(names) else None
