"""Both sides for programs."""

from __future__ import annotations

from specship.exhibits.side_by_side import SideBySide
from specship.report.formats import PLAIN, Display


def render(found: SideBySide, _display: Display = PLAIN) -> str:
    """The record as it is."""
    return found.model_dump_json(indent=2) + "\n"
