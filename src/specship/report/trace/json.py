"""The trace for programs."""

from __future__ import annotations

from specship.report.formats import PLAIN, View
from specship.suite.explain.trace_records import Trace


def render(trace: Trace, _view: View = PLAIN) -> str:
    """The record as it is."""
    return trace.model_dump_json(indent=2) + "\n"
