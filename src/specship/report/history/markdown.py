"""The story of a spec as a page: the newest version first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from specship.report.formats import PLAIN, Display
from specship.report.history._phrases import open_advice
from specship.specs.advice import advice
from specship.specs.reader import SpecFolder
from specship.specs.version import Step

_MEANS_MORE = re.compile(r"([\\`*_\[\]<>|#])")


def _plain(text: str) -> str:
    """A text that Markdown shows as it was written."""
    return _MEANS_MORE.sub(r"\\\1", " ".join(text.split()))


def render(spec: SpecFolder, _display: Display = PLAIN) -> str:
    """Versions, what moved, why, lessons, five whys, and the recommendations that are still open."""
    lines = [f"# {spec.spec.spec_id} {spec.version}", "", _plain(spec.spec.title), ""]
    left = open_advice(spec)
    lines += [f"## Recommendations still open: {len(left)}", ""]
    for one in left:
        bound = f" ({', '.join(one.given.binds_to)})" if one.given.binds_to else ""
        lines.append(f"- {one.id}{bound}: {_plain(one.given.what)} — from {_plain(one.given_in)}")
    if left:
        lines.append("")
    for step in reversed(spec.history.steps):
        lines += _step(step, spec)
    return "\n".join(lines).rstrip("\n") + "\n"


def _step(step: Step, spec: SpecFolder) -> Iterator[str]:
    amendment = step.amendment
    yield f"## {step.version}"
    yield ""
    yield f"{_plain(amendment.why)} A {amendment.bump} step after {amendment.after}, in {_plain(step.name)}."
    yield ""
    yield from (f"- {_plain(change.id)}: {_plain(change.what)}" for change in amendment.changes)
    yield ""
    for title, texts, mark in (
        ("Lessons", amendment.lessons, "-"),
        ("Five whys", amendment.five_whys, "1."),
    ):
        if texts:
            yield f"### {title} of {step.version}"
            yield ""
            yield from (f"{mark} {_plain(text)}" for text in texts)
            yield ""
    if amendment.recommendations:
        yield f"### Recommendations of {step.version}"
        yield ""
        for one in amendment.recommendations:
            last = advice(spec.history)[one.identity].last
            now = "" if last.state == one.state else f", now {last.state}: {_plain(last.pointer or '')}"
            pointer = f" ({_plain(one.pointer)})" if one.pointer else ""
            yield f"- {one.identity} {one.state}{pointer}{now}: {_plain(one.what)}"
        yield ""
