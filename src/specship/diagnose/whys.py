"""Five whys, built from the findings and from what the run itself recorded.

Symptom, what was found, how that comes about, who could have seen it, what would have prevented it. The last
two ask the record first: what a run announced was seen, and what it was allowed to pass was not missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from specship.diagnose.diagnosing import Diagnosis
from specship.diagnose.finding import CauseFinding
from specship.pipeline.run_logs.facts import Facts, Line

_MOST = 3
"""Lines that an answer cites."""


@dataclass(frozen=True, slots=True)
class Why:
    """One question and its answer."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class _Guard:
    """A prevention of the binding cause that the record shows at work, or relaxed."""

    text: str
    line: Line | None
    relaxed: bool


def five_whys(diagnosis: Diagnosis) -> tuple[Why, ...]:
    """The chain of the binding finding; empty where nothing was found."""
    if not diagnosis.findings:
        return ()
    first, facts = diagnosis.findings[0], diagnosis.facts
    guards = tuple(_guards(first, facts))
    return (
        Why("Why is this run not to be believed or not good enough?", symptom(facts)),
        Why(
            "Why is that so?",
            f"{_sentence(first.observed.says)} ({first.cause.name}{_cited(first.observed.lines)}).",
        ),
        Why("Why does that happen?", f"{first.cause.mechanism}{_beside(diagnosis)}"),
        Why("Why was it not seen?", _unseen(first, facts, guards)),
        Why("Why could it happen at all?", _prevention(first, guards)),
    )


def symptom(facts: Facts) -> str:
    """Where the losses and the run ended, in figures and with their lines; nothing else is claimed."""
    parts = []
    finite = [step for step in facts.losses if step.loss is not None and math.isfinite(step.loss)]
    if finite:
        parts.append(f"training loss ended at {finite[-1].loss:.4g} nats a token ({finite[-1].line})")
    whole = [one for one in facts.evaluations if not one.part]
    if whole:
        last = whole[-1]
        parts.append(f"held-out loss at {last.loss:.4g} ({last.line})")
    if facts.ln_vocabulary is not None:
        parts.append(f"knowing nothing costs {facts.ln_vocabulary:.4g}")
    done = facts.ended_step if facts.ended_step is not None else facts.steps[-1].step if facts.steps else None
    if done is not None and facts.planned_steps:
        parts.append(f"{done} of {facts.planned_steps} steps were done")
    return ("; ".join(parts) or "there are no losses on record") + "."


def _beside(diagnosis: Diagnosis) -> str:
    """Findings of the same class, which have one mechanism with the first more often than not, and others."""
    first, *others = diagnosis.findings
    alike = [one for one in others if one.cause.root is first.cause.root]
    rest = [one for one in others if one.cause.root is not first.cause.root]
    parts = ""
    if alike:
        parts += " Beside it: " + "; ".join(f"{one.observed.says} ({one.cause.name})" for one in alike) + "."
    if rest:
        parts += " To be looked at next: " + ", ".join(one.cause.name for one in rest) + "."
    return parts


def _unseen(first: CauseFinding, facts: Facts, guards: Iterable[_Guard]) -> str:
    """What the run announced was seen; of anything else, how the run ended and why that hides it."""
    seen = [guard for guard in guards if not guard.relaxed]
    if seen:
        return "The run saw it: " + "; ".join(f"{guard.text}{_at(guard.line)}" for guard in seen) + "."
    ended = f"{first.cause.unseen}"
    if facts.status is None and not facts.stop_reason:
        return ended
    reason = facts.reason or facts.stop_reason
    said = f"`{facts.status}`" if facts.status else "an early end"
    return f"{ended} The run recorded {said}{f': {reason}' if reason else ''}{_at(facts.record_line)}."


def _prevention(first: CauseFinding, guards: tuple[_Guard, ...]) -> str:
    relaxed = [guard for guard in guards if guard.relaxed]
    if relaxed:
        texts = "; ".join(f"{guard.text}{_at(guard.line)}" for guard in relaxed)
        return f"What prevents it was there and was set aside: {texts}. {first.cause.prevention}"
    if guards:
        return f"A guard was in place and spoke up, as said above. {first.cause.prevention}"
    return f"Nothing on record shows that this was in place: {first.cause.prevention}"


def _guards(finding: CauseFinding, facts: Facts) -> Iterator[_Guard]:
    for bypass in facts.bypasses:
        if bypass.startswith(finding.cause.guards):
            yield _Guard(bypass, next(iter(facts.recorded("bypasses")), None), relaxed=True)
    events = [
        event
        for event in facts.events or ()
        if _told(event.name, event.text).startswith(finding.cause.guards)
    ]
    for event in events[:_MOST]:
        yield _Guard(f"{_told(event.name, event.text)} (step {event.step})", event.line, relaxed=False)


def _told(name: str, text: str) -> str:
    return f"{name}: {text}" if text else name


def _cited(lines: tuple[Line, ...]) -> str:
    return "; " + ", ".join(map(str, lines[:_MOST])) if lines else ""


def _at(line: Line | None) -> str:
    return f" ({line})" if line else ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
