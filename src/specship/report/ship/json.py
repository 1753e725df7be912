"""The report for programs: the published shape, whose schema is `schemas/report.schema.json`."""

from __future__ import annotations

from typing import Final

from specship.report.formats import PLAIN, Display
from specship.status.report import Report

FILE: Final = ".json"


def render(report: Report, _display: Display = PLAIN) -> str:
    """The record as it is."""
    return report.model_dump_json(indent=2) + "\n"
