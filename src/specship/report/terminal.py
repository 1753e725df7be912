"""The table at the end of a session, and of `specship status`."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from specship.report.words import ago, bar, duration, measured_lines, percent
from specship.status.report import CriterionReport, GateReport, ModelReport, Report, StageReport

_COLOURS = {
    "DISCHARGED": "green", "PASS": "green", "FAILED": "red", "FAIL": "red", "ERROR": "red",
    "STALE": "yellow", "BLOCKED": "yellow", "OPEN": "cyan", "UNBOUND": "cyan", "NOT_JUDGED": "bright_black",
}  # fmt: skip


def _coloured(word: str) -> str:
    return f"[{_COLOURS.get(word, 'default')}]{word}[/]"


def _said(gate: GateReport) -> str:
    """What a gate measured, worst first; where it measured nothing, why."""
    lines = measured_lines(gate)
    failing = [line for line, entry in zip(lines, gate.measured, strict=True) if not entry.holds]
    if failing:
        return escape("\n".join(failing))
    if not lines:
        return escape(gate.reason.splitlines()[0])
    more = f"  and {len(lines) - 1} more" if len(lines) > 1 else ""
    return escape(lines[0] + more)


def _rows(criterion: CriterionReport) -> Iterable[tuple[str, ...]]:
    name, status = criterion.id, _coloured(criterion.status)
    if not criterion.gates or criterion.status == "NOT_JUDGED":
        yield name, status, "", "", escape("; ".join(criterion.reasons)), "", ""
        return
    for gate in criterion.gates:
        verdict = _coloured(gate.verdict or "none")
        advisory = "" if gate.blocking else " (advisory)"
        stale = "" if gate.fresh or gate.verdict in {None, "UNBOUND", "BLOCKED"} else " stale"
        yield name, status, gate.id + advisory, verdict + stale, _said(gate), gate.checked, ago(gate.ended)
        name = status = ""


def _model_table(model: ModelReport) -> Table:
    table = Table(title=f"{model.model} at profile {model.profile}", title_justify="left", pad_edge=False)
    for heading in ("criterion", "status", "gate", "verdict", "measured (limit)", "checked", "when"):
        table.add_column(
            heading, no_wrap=heading in {"criterion", "status", "gate", "verdict"}, overflow="fold"
        )
    for criterion in model.criteria:
        for row in _rows(criterion):
            table.add_row(*row)
        table.add_section()
    return table


def _stage_line(stage: StageReport) -> str:
    how = "cached" if stage.cached else f"ran in {duration(stage.seconds)}"
    why = f"[bright_black]{escape(stage.why)}[/]"
    return f"  {stage.stage:<12} {how:<14} {stage.path}\n  {'':<12} {'':<14} {why}"


def _ship_lines(report: Report) -> Iterable[str]:
    for model in report.models:
        left_out = sum(c.weight for c in model.criteria if c.status == "NOT_JUDGED")
        note = f", weight {left_out} not judged at this profile" if left_out else ""
        what = "ship" if model.kind == "release" else "rehearsed"
        yield (
            f"  {model.model} {model.profile:<10} {bar(model.ship_percent)} {what} "
            f"{percent(model.ship_percent)}  (reachable here today {percent(model.ceiling_percent)}{note})"
        )


def render(report: Report, *, detailed: frozenset[str], width: int = 140, colour: bool = False) -> str:
    """The report as text; tables for the profiles named, one line for every model and profile."""
    text = io.StringIO()
    console = Console(file=text, width=width, force_terminal=colour, no_color=not colour, highlight=False)
    for model in report.models:
        if model.profile in detailed and any(criterion.gates for criterion in model.criteria):
            console.print(_model_table(model))
    if report.stages:
        console.print("stages")
        for stage in report.stages:
            console.print(_stage_line(stage))
    for problem in report.problems:
        console.print(f"[red]{escape(problem)}[/]")
    gates = {gate.id: gate for model in report.models for c in model.criteria for gate in c.gates}
    if gates and not any(gate.armed for gate in gates.values()):
        console.print(f"none of {len(gates)} gates is armed yet: no fault has been injected to see them fail")
    console.print(f"{report.spec} {report.version}")
    for line in _ship_lines(report):
        console.print(line)
    return text.getvalue()
