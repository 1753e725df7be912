"""Every signed statement for programs."""

from __future__ import annotations

from specship.report.formats import PLAIN, Display
from specship.suite.explain.statement_records import LedgerCheck


def render(check: LedgerCheck, _display: Display = PLAIN) -> str:
    """The record as it is."""
    return check.model_dump_json(indent=2) + "\n"
