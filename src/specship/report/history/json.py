"""The story of a spec for programs."""

from __future__ import annotations

import json

from specship.report.formats import PLAIN, Display
from specship.report.history._phrases import open_advice, told
from specship.specs.advice import advice
from specship.specs.reader import SpecFolder


def render(spec: SpecFolder, _display: Display = PLAIN) -> str:
    """Every amendment in the order of the fold, and every recommendation with its last state."""
    known = advice(spec.history)
    amendments = [
        {
            "file": step.name,
            "version": step.version,
            **step.amendment.model_dump(mode="json", exclude={"recommendations"}),
            "recommendations": [one.identity for one in step.amendment.recommendations],
        }
        for step in spec.history.steps
    ]
    story = {
        "spec": spec.spec.spec_id,
        "title": spec.spec.title,
        "version": spec.version,
        "amendments": amendments,
        "recommendations": [told(one) for one in known.values()],
        "open": [one.id for one in open_advice(spec)],
    }
    return json.dumps(story, indent=2, ensure_ascii=False) + "\n"
