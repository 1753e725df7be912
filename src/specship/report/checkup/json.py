"""A checkup for programs."""

from __future__ import annotations

import json

from specship.report.formats import PLAIN, Display
from specship.suite.checkup.records import Checkup


def render(checkup: Checkup, _display: Display = PLAIN) -> str:
    """What is unusual first, then the facts by section, each a text or a list of texts."""
    shape = {
        "stopped": checkup.stopped,
        "unusual": [one.model_dump() for one in checkup.unusual],
        "sections": {section.name: dict(section.facts) for section in checkup.sections},
    }
    return json.dumps(shape, indent=2) + "\n"
