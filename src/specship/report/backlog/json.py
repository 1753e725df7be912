"""The list of open work for programs: its schema is `schemas/next.schema.json`."""

from __future__ import annotations

from specship.report.formats import PLAIN, Display
from specship.status.backlog_records import Backlog, BacklogItems


def render(backlog: Backlog, _display: Display = PLAIN) -> str:
    """The items, ranked."""
    return BacklogItems(backlog.items).model_dump_json(indent=2) + "\n"
