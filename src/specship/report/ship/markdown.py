"""The report as Markdown: for step summaries, pull requests and people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from specship.report.formats import PLAIN, Display
from specship.report.formatting import (
    duration,
    first_lines,
    limits_line,
    measured_lines,
    percent,
    signer_line,
    waiver_line,
)
from specship.status.bypasses import bypass_lines
from specship.status.report import CriterionReport, GateReport, ModelReport, Report

FILE: Final = ".md"


def _cell(text: str) -> str:
    """Text that cannot break out of a table cell."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", "<br>")


def _gate_row(criterion: CriterionReport, gate: GateReport) -> str:
    lines = measured_lines(gate) if gate.verdict != "UNBOUND" else []
    said = "\n".join((*(lines or [gate.reason]), *first_lines(gate.cautions)))
    fresh = "" if gate.fresh or gate.verdict in {None, "UNBOUND", "BLOCKED"} else " (stale)"
    armed = "\n".join(filter(None, ("armed" if gate.armed else "not armed yet", _limits(gate))))
    signers = "\n".join(map(signer_line, gate.signers))
    cells = (
        criterion.id, criterion.status, gate.id, f"{gate.verdict or 'none'}{fresh}", said, gate.checked,
        armed, gate.ended[:19].replace("T", " ") if gate.ended else "", signers,
    )  # fmt: skip
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _limits(gate: GateReport) -> str:
    """Its limits that were seen to fail, and why others cannot."""
    excuses = [f"{limit.quantity}: {limit.why}" for limit in gate.limits if limit.seen == "excused"]
    return "\n".join([limits_line(gate.limits), *excuses]) if gate.limits else ""


def _model_lines(model: ModelReport) -> Iterable[str]:
    yield f"## {model.model} at {model.profile}: {percent(model.ship_percent)}"
    yield ""
    yield f"Reachable on this machine today: {percent(model.ceiling_percent)}."
    gates = {gate.id: gate for criterion in model.criteria for gate in criterion.gates}
    if limits := [limit for gate in gates.values() for limit in gate.limits]:
        yield f"Of its gates, {limits_line(limits)}."
    yield ""
    yield "| criterion | status | gate | verdict | measured (limit) | checked | armed | when (UTC) | signer |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for criterion in model.criteria:
        for gate in criterion.gates:
            yield _gate_row(criterion, gate)
        if not criterion.gates:
            reasons = _cell("; ".join(criterion.reasons))
            yield f"| {criterion.id} | {criterion.status} | | | {reasons} | | | | |"
    yield ""


def render(report: Report, _display: Display = PLAIN) -> str:
    """The whole report."""
    lines = [f"# {report.spec} {report.version}", ""]
    lines += [f"- **{m.model} at {m.profile}: {percent(m.ship_percent)}**" for m in report.models]
    lines += [f"- {_cell(waiver_line(waiver))}" for waiver in report.waivers]
    lines += [f"- {_cell(line)}" for line in bypass_lines(report)]
    lines.append("")
    for problem in report.problems:
        lines += ["```", problem, "```", ""]
    for model in report.models:
        lines += _model_lines(model)
    if report.stages:
        lines += ["## Stages", "", "| stage | model | how | path | why |", "| --- | --- | --- | --- | --- |"]
        lines += [
            f"| {s.stage} | {s.model} | {how} | {s.path} | {_cell(s.why)} |"
            for s, how in ((s, "cached" if s.cached else duration(s.seconds)) for s in report.stages)
        ]
    return "\n".join(lines).rstrip() + "\n"
