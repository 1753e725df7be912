"""The histories for programs."""

from __future__ import annotations

from specship.exhibits.trends import Trend
from specship.report.formats import PLAIN, Display


def render(found: Trend, _display: Display = PLAIN) -> str:
    """The record as it is."""
    return found.model_dump_json(indent=2) + "\n"
