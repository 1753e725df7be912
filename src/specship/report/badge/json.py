"""A badge for the endpoint of shields.io. Source: https://shields.io/badges/endpoint-badge."""

from __future__ import annotations

import json

from specship.report.badge._words import badge_words
from specship.report.formats import PLAIN, Display
from specship.status.report import Report


def render(report: Report, _display: Display = PLAIN) -> str:
    """The members of schema version 1."""
    words = badge_words(report)
    badge = {
        "schemaVersion": 1, "label": words.label, "message": words.message, "color": words.colour,
        "isError": bool(report.problems),
    }  # fmt: skip
    return json.dumps(badge, indent=2, ensure_ascii=False) + "\n"
