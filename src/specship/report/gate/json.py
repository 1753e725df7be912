"""The decision for programs: the published shape, whose schema is `schemas/gate.schema.json`."""

from __future__ import annotations

from specship.pull_request.records import MergeDecision
from specship.report.formats import PLAIN, Display


def render(decision: MergeDecision, _display: Display = PLAIN) -> str:
    """The record as it is."""
    return decision.model_dump_json(indent=2) + "\n"
