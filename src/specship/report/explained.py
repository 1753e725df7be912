"""What `specship explain` prints: a rule, limits with their origin, evidence, and what would mend it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping

from specship.report.formatting import (
    ago,
    first_lines,
    limits_line,
    measured_lines,
    percent,
    signed_lines,
)
from specship.report.trace_rows import visible
from specship.status.report import GateReport, LimitReport
from specship.suite.explain.records import (
    CodeFound,
    CriterionAtProfile,
    CriterionFound,
    FaultFound,
    Found,
    GateAtProfile,
    GateFound,
    Limit,
    ModelFound,
    NamesFound,
    ProbeFound,
)

_LABEL = 12
"""Columns that the words on the left take."""


def render(found: Found, *, width: int = 100) -> str:
    """Whatever was found, as text of that width; characters that steer a terminal are shown, not sent."""
    lines = [line for label, text in _rows(found) for line in _row(label, text, max(width, 30))]
    return "\n".join(lines) + "\n"


def _row(label: str, text: str, width: int) -> Iterable[str]:
    """A label and its text, wrapped; a row without a label stands at the left edge."""
    indent = " " * (_LABEL if label else 0)
    first = f"{label:<{_LABEL}}"[: max(_LABEL, len(label) + 1)] if label else ""
    shown = [visible(line) for line in text.split("\n")]
    for number, line in enumerate(shown):
        start = first if number == 0 else indent
        yield from textwrap.wrap(
            line, width, initial_indent=start, subsequent_indent=indent + "  " * (not label),
            break_on_hyphens=False, break_long_words=False,
        ) or [start.rstrip()]  # fmt: skip


def _rows(found: Found) -> Iterable[tuple[str, str]]:
    if isinstance(found, GateFound):
        return _gate(found)
    if isinstance(found, CriterionFound):
        return _criterion(found)
    if isinstance(found, ModelFound):
        return _model(found)
    if isinstance(found, ProbeFound):
        return _probe(found)
    if isinstance(found, FaultFound):
        return _fault(found)
    return _code(found) if isinstance(found, CodeFound) else _names(found)


def _named(names: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {text}" for name, text in names.items())


def _gate(found: GateFound) -> Iterable[tuple[str, str]]:
    yield "", f"{found.id} ({found.place})"
    yield "rule", found.rule
    kind = "blocking" if found.blocking else "advisory: it is shown and never counted"
    yield "stage", f"{found.stage}, {kind}" + (f", of {found.model}" if found.model else "")
    yield "criteria", _named(found.criteria) or "none"
    yield "probe", f"{found.probe.name}: {found.probe.measures}" if found.probe else "none: it is UNBOUND"
    if found.probe:
        yield "measures", _measures(found.probe)
    yield "faults", _named(found.faults) or "none is named, so it was never seen to fail"
    if found.faults:
        armed = "yes" if found.armed else "no: its limits were not yet seen to fail"
        yield "armed", armed
    for entry in found.profiles:
        yield "", ""
        yield from _gate_at(entry)
    yield from _problems(found.problems)


def _measures(probe: ProbeFound) -> str:
    quantities = ", ".join(
        name if unit == name else f"{name} ({unit})" for name, unit in probe.quantities.items()
    )
    return f"{' and '.join(probe.artifacts)}: {quantities}; {probe.file}"


def _gate_at(entry: GateAtProfile) -> Iterable[tuple[str, str]]:
    yield (
        "",
        f"at profile {entry.profile}" + (" (a rehearsal never ships)" if entry.kind == "rehearsal" else ""),
    )
    seen = {limit.quantity: limit for limit in entry.standing.limits} if entry.standing else {}
    for number, limit in enumerate(entry.limits):
        yield ("  limits" if number == 0 else "  "), _limit(limit, seen.get(limit.quantity))
    for limit in entry.dropped:
        yield "  dropped", f"{limit.quantity} {limit.limit}, by {limit.origin}"
    for reason in dict.fromkeys(limit.reason for limit in (*entry.limits, *entry.dropped) if limit.reason):
        yield "  reason", reason
    if entry.requires_origin:
        yield "  requires", f"{entry.requires or 'nothing'}, by {entry.requires_origin}"
    if entry.not_judged:
        yield "  left out", entry.not_judged
    if entry.standing:
        yield from _standing(entry.standing)
    yield from _mends(entry.mend)


def _limit(limit: Limit, known: LimitReport | None) -> str:
    instead = f" instead of {limit.instead_of}" if limit.instead_of else ""
    return f"{limit.quantity} {limit.limit}{instead}, by {limit.origin}" + _seen(known)


def _seen(known: LimitReport | None) -> str:
    if known is None:
        return ""
    if known.seen == "excused":
        return f"; no fault can break it: {known.why}"
    return "; seen to fail" if known.seen == "seen" else "; never seen to fail"


def _standing(gate: GateReport) -> Iterable[tuple[str, str]]:
    stale = "" if gate.fresh or gate.verdict in {None, "UNBOUND", "BLOCKED"} else " (stale)"
    if gate.limits:
        yield "  armed", f"{'yes' if gate.armed else f'no: {gate.unarmed}'}; {limits_line(gate.limits)}"
    yield "  verdict", f"{gate.verdict or 'none'}{stale}: {gate.reason}"
    if gate.evidence:
        yield "  evidence", f"{gate.evidence[:16]}…, {ago(gate.ended)} ({gate.ended}), checked {gate.checked}"
    for line in signed_lines([gate]):
        yield "  signed", line.removeprefix("signed ")
    for number, line in enumerate(measured_lines(gate)):
        yield ("  measured" if number == 0 else "  "), line
    if gate.fingerprint:
        yield "  fingerprint", f"{gate.fingerprint}, which is what a waiver of it would name"
    for caution in first_lines(gate.cautions):
        yield "  and", caution
    for note in gate.notes:
        yield "  look at", note


def _mends(steps: Iterable[str]) -> Iterable[tuple[str, str]]:
    for number, step in enumerate(steps):
        yield ("  mend" if number == 0 else "  "), step


def _problems(problems: Iterable[str]) -> Iterable[tuple[str, str]]:
    for problem in problems:
        yield "", ""
        yield "damage", problem


def _criterion(found: CriterionFound) -> Iterable[tuple[str, str]]:
    yield "", f"{found.id} ({found.place})"
    yield "statement", found.statement
    yield "weight", f"{found.weight} of 100 in {found.model}, because: {found.because}"
    for entry in found.profiles:
        yield "", ""
        yield from _criterion_at(entry)
    yield from _problems(found.problems)


def _criterion_at(entry: CriterionAtProfile) -> Iterable[tuple[str, str]]:
    yield "", f"at profile {entry.profile}: {entry.status}"
    for number, reason in enumerate(entry.reasons):
        yield ("  because" if number == 0 else "  "), reason
    for number, (name, status) in enumerate(entry.depends_on.items()):
        yield ("  waits for" if number == 0 else "  "), f"{name}: {status}"
    for number, gate in enumerate(entry.gates):
        stale = "" if gate.fresh or gate.verdict in {None, "UNBOUND", "BLOCKED"} else " (stale)"
        armed = "" if gate.armed or gate.verdict == "UNBOUND" else ", not armed"
        advisory = "" if gate.blocking else ", advisory"
        row = f"{gate.id} {gate.verdict or 'none'}{stale}{armed}{advisory} {ago(gate.ended)}"
        yield ("  gates" if number == 0 else "  "), row.rstrip()
    yield from _mends(entry.mend)


def _model(found: ModelFound) -> Iterable[tuple[str, str]]:
    yield "", f"{found.id}: {found.title}"
    for report in found.reports:
        what = "ships" if report.kind == "release" else "rehearsed"
        yield "", ""
        yield "", f"at profile {report.profile}: {what} {percent(report.ship_percent)}"
        for entry in report.criteria:
            yield f"  {entry.weight}", f"{entry.id} {entry.status}: {entry.statement}"
    yield from _problems(found.problems)


def _probe(found: ProbeFound) -> Iterable[tuple[str, str]]:
    yield "", f"{found.name} ({found.file})"
    yield "text", _reflowed(found.text)
    yield "measures", " and ".join(found.artifacts)
    yield "quantities", "\n".join(f"{name} in {unit}" for name, unit in found.quantities.items())
    yield "counts by", found.checked
    yield "gates", ", ".join(found.gates) or "no gate names it"


def _reflowed(text: str) -> str:
    """A docstring with one line a paragraph, and one for each entry of an indented list."""
    rows: list[str] = []
    above = 0
    for line in text.split("\n"):
        deep = len(line) - len(line.lstrip())
        if line.strip() and rows and rows[-1].strip() and not rows[-1].endswith(":") and deep >= above:
            rows[-1] += f" {line.strip()}"
        else:
            rows.append(line.rstrip())
            above = deep + 1 if deep else 0
    return "\n".join(rows)


def _fault(found: FaultFound) -> Iterable[tuple[str, str]]:
    yield "", f"{found.name} ({found.file or 'comes with specship'})"
    yield "defect", found.sentence
    yield "gates", ", ".join(found.gates) or "no gate names it"


def _code(found: CodeFound) -> Iterable[tuple[str, str]]:
    yield "", f"{found.code} {found.name}"
    yield "why", found.why
    yield "bad", found.bad
    yield "good", found.good
    yield "silence", found.silence


def _names(found: NamesFound) -> Iterable[tuple[str, str]]:
    for name, text in found.names.items():
        yield "", f"{name}: {text}"
