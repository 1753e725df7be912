"""A review as JSON, for programs: the record as it is."""

from __future__ import annotations

import json

from specship.report.formats import PLAIN, Display
from specship.review.records import Review


def render(review: Review, _display: Display = PLAIN) -> str:
    """The whole record."""
    return json.dumps(review.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
