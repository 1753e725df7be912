"""The record as it is, for programs."""

from __future__ import annotations

from specship.report.formats import PLAIN, Display
from specship.suite.flip_rates.records import FlipRateReport


def render(report: FlipRateReport, _display: Display = PLAIN) -> str:
    """One JSON document."""
    return report.model_dump_json(indent=2) + "\n"
