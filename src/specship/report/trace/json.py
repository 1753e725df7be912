"""The trace for programs."""

from __future__ import annotations

from specship.report.formats import PLAIN, Display
from specship.suite.explain.trace_records import Trace


def render(trace: Trace, _display: Display = PLAIN) -> str:
    """The record as it is."""
    return trace.model_dump_json(indent=2) + "\n"
