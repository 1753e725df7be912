"""The story of a spec at a terminal: a line for each version, then what is still open."""

from __future__ import annotations

from specship.report.formats import PLAIN, Display
from specship.report.history._phrases import open_advice
from specship.specs.reader import SpecFolder


def render(spec: SpecFolder, _display: Display = PLAIN) -> str:
    """The oldest version first, so that the newest stands above the prompt."""
    lines = [f"{spec.spec.spec_id} {spec.version}"]
    for step in spec.history.steps:
        lines.append(f"  {step.version:<8} {step.amendment.bump:<6} {step.amendment.why}  ({step.name})")
        lines += [f"           {change.id}: {change.what}" for change in step.amendment.changes]
        lines += [f"           why: {text}" for text in step.amendment.five_whys]
        lines += [f"           lesson: {text}" for text in step.amendment.lessons]
    left = open_advice(spec)
    lines.append(f"recommendations still open: {len(left)}")
    lines += [f"  {one.id}  {one.given.what}" for one in left]
    return "\n".join(lines) + "\n"
