"""How a gate ends as a test: what pytest shows for a verdict, whichever face asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from specship.report.formatting import first_lines, limits_line, measured_lines
from specship.specs.records import Profile
from specship.status.report import GateReport
from specship.suite.plan.plan import Check
from specship.units import Quantity


@dataclass(frozen=True, slots=True)
class PytestOutcome:
    """An outcome in pytest's words, with the text that goes with it."""

    outcome: Literal["passed", "skipped", "xfailed", "failed"]
    text: str = ""


def ending_of(check: Check, known: GateReport, profile: Profile, *, strict: bool) -> PytestOutcome:
    """What a verdict is as a test: only PASS passes; `strict` fails what is BLOCKED.

    A gate that was measured and does not hold fails, even where its criterion is not judged at this
    profile: such a gate is there because something about it can be rehearsed all the same.
    """
    if known.verdict == "PASS":
        return PytestOutcome("passed")
    excluded = set(check.gate.binds_to) <= profile.not_judged.keys()
    if (
        known.verdict == "UNBOUND"
        or (excluded and known.verdict != "FAIL")
        or (known.verdict == "BLOCKED" and not strict)
    ):
        return PytestOutcome("skipped", f"{known.verdict}: {known.reason}")
    if not known.blocking:
        return PytestOutcome("xfailed", f"advisory: {known.reason}")
    return PytestOutcome("failed", failure_text(check, known))


def failure_text(check: Check, known: GateReport) -> str:
    """A verdict that is no PASS: place, rule, figures against limits, and where to look."""
    place = check.file.place(check.gate, "id")
    verdict = known.verdict or "no evidence of"
    lines = [f"{place}: {verdict} {known.id}", f"  rule:     {known.rule}"]
    lines += [f"  measured: {line}" for line in measured_lines(known)]
    lines += [f"  checked:  {known.checked}", f"  reason:   {known.reason}"]
    lines += [f"  and:      {caution}" for caution in first_lines(known.cautions)]
    lines += [f"  look at:  {note}" for note in known.notes]
    if check.override:
        lines.append(f"  profile:  {check.override.reason}")
    return "\n".join(lines)


def properties(check: Check, known: GateReport) -> Iterable[tuple[str, str]]:
    """What JUnit files say of a gate: whom it speaks for, its evidence, each figure with its limit."""
    yield "model", check.model.id
    yield "criteria", " ".join(check.gate.binds_to)
    yield "verdict", known.verdict or "none"
    yield "checked", known.checked
    yield "armed", str(known.armed).lower()
    yield "limits", limits_line(known.limits)
    yield "cached", str(known.cached).lower()
    yield "gate_digest", check.gate_digest
    yield "evidence", known.evidence or ""
    for caution in first_lines(known.cautions):
        yield "caution", caution
    for line in known.bypasses:
        yield "bypass", line
    for entry in known.measured:
        yield entry.quantity, f"{Quantity(entry.value, entry.unit)} (limit {entry.limit})"
