"""The table at the end of a session, and of `specship status`."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from specship.report.formats import PLAIN, Display
from specship.report.formatting import (
    ago,
    bar,
    duration,
    first_lines,
    limits_line,
    measured_lines,
    percent,
    signed_lines,
    waiver_line,
)
from specship.report.verdict_colours import COLOURS
from specship.status.bypasses import bypass_lines
from specship.status.report import CriterionReport, GateReport, ModelReport, Report, StageReport

NARROW: Final = 100
"""Columns below which the table has no room."""
_NARROWEST: Final = 24
"""Columns below which a terminal breaks the lines itself: an id needs so many."""
_MOST_FAILING: Final = 10
"""Gates that are named at the end; the table above has all of them."""


def _coloured(word: str) -> str:
    return f"[{COLOURS.get(word, 'default')}]{word}[/]"


def _said(gate: GateReport, *, whole: bool) -> str:
    """What a gate measured: whatever fails, else its first figure, or all; where it measured nothing, why."""
    lines = measured_lines(gate) if gate.verdict != "UNBOUND" else []
    if whole and lines:
        return escape("\n".join((*lines, *first_lines(gate.cautions))))
    failing = [line for line, entry in zip(lines, gate.measured, strict=False) if not entry.holds]
    if failing:
        return escape("\n".join(failing))
    if not lines:
        return escape(gate.reason.partition("\n")[0])
    more = f", {len(lines) - 1} more hold" if len(lines) > 1 else ""
    return escape("\n".join((lines[0] + more, *first_lines(gate.cautions))))


def _is_stale(gate: GateReport) -> bool:
    return not gate.fresh and gate.verdict not in {None, "UNBOUND", "BLOCKED"}


def _gate_row(gate: GateReport, *, whole: bool) -> tuple[str, ...]:
    verdict = _coloured(gate.verdict or "none") + (" stale" if _is_stale(gate) else "")
    name = f"  {gate.id}" + ("" if gate.blocking else " (advisory)")
    return name, verdict, _said(gate, whole=whole), gate.checked if gate.measured else "", ago(gate.ended)


def _criterion_rows(criterion: CriterionReport, *, whole: bool) -> Iterable[tuple[str, ...]]:
    """A heading with the criterion's status, then a row a gate."""
    heading = f"[bold]{criterion.id}[/]", f"[bold]{_coloured(criterion.status)}[/]"
    waits = criterion.status in {"NOT_JUDGED", "BLOCKED", "STALE"} or not criterion.gates
    reason = criterion.reasons[0].splitlines()[0] if waits and criterion.reasons else ""
    below = reason.partition(": ")[0] in {gate.id for gate in criterion.gates}
    said = criterion.statement if below or not reason else reason
    yield *heading, f"[bright_black]{escape(said)}[/]", "", f"weight {criterion.weight}"
    judged = criterion.status != "NOT_JUDGED"
    # What could be measured of a criterion that is not judged is shown all the same.
    yield from (_gate_row(gate, whole=whole) for gate in criterion.gates if judged or gate.measured)


def _model_table(model: ModelReport, *, whole: bool) -> Table:
    title = f"{model.model} at profile {model.profile}"
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("criterion, gates", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("measured (limit)", ratio=1)
    table.add_column("checked", no_wrap=True, justify="right")
    table.add_column("when", no_wrap=True, justify="right")
    for criterion in model.criteria:
        for row in _criterion_rows(criterion, whole=whole):
            table.add_row(*row)
    return table


def _print_list(console: Console, model: ModelReport, *, whole: bool) -> None:
    """The rows of the table one below the other, where it has no room; an id is never broken."""
    console.print(f"[bold]{model.model} at profile {model.profile}[/]")
    for criterion in model.criteria:
        for name, status, said, checked, when in _criterion_rows(criterion, whole=whole):
            indent = len(name) - len(name.lstrip())
            about = f"[bright_black]({escape(', '.join(filter(None, (checked, when))))})[/]"
            rest = f"{said} {about}" if checked or when else said
            line = Text.from_markup(f"{name.lstrip()} {status}  {rest}")
            if "\n" not in line.plain and indent + line.cell_len <= console.width:
                console.print(Padding(line, (0, 0, 0, indent), expand=False))
                continue
            console.print(Padding(f"{name.lstrip()} {status}", (0, 0, 0, indent), expand=False))
            console.print(Padding(rest, (0, 0, 0, indent + 2), expand=False))


def _stage_line(stage: StageReport) -> str:
    how = "cached" if stage.cached else f"ran in {duration(stage.seconds)}"
    return f"  {stage.model:<8} {stage.stage:<12} {how:<14} [bright_black]{escape(stage.why)}[/]"


def _print_stages(console: Console, stages: Iterable[StageReport], *, narrow: bool) -> None:
    console.print("stages (their artifacts are under .specship/artifacts, each path is in the JSON report)")
    for stage in stages:
        line = _stage_line(stage)
        if narrow:
            console.print(Padding(" ".join(line.split()), (0, 0, 0, 2), expand=False))
        else:
            console.print(line, no_wrap=True, overflow="ellipsis")


def _ship_lines(report: Report, *, narrow: bool) -> Iterable[str]:
    for model in report.models:
        left_out = sum(c.weight for c in model.criteria if c.status == "NOT_JUDGED")
        note = f"; weight {left_out} is not judged here" if left_out else ""
        what = "ships" if model.kind == "release" else "rehearsed"
        drawn = bar(model.ship_percent, width=10 if narrow else 20)
        here = "here today" if narrow else "can be judged on this machine today"
        yield (
            f"  {model.model} {model.profile:<10} {drawn} {what} {percent(model.ship_percent)} "
            f"[bright_black](at most {percent(model.ceiling_percent)} {here}{note})[/]"
        )


def render(report: Report, display: Display = PLAIN) -> str:
    """The report as text; tables for the profiles named, one line for every model and profile.

    A terminal of fewer than NARROW columns gets lists in place of tables, and no line longer than it is.
    """
    text = io.StringIO()
    narrow = display.width < NARROW
    console = Console(
        file=text,
        width=max(display.width, _NARROWEST),
        force_terminal=display.colour,
        no_color=not display.colour,
        highlight=False,
    )
    if display.amount >= 0:
        _print_detail(console, report, display)
    for problem in report.problems:
        console.print(f"[red]{escape(problem)}[/]", soft_wrap=not narrow)
    for line in bypass_lines(report):
        console.print(f"[yellow]{escape(line)}[/]", soft_wrap=not narrow)
    for waiver in report.waivers:
        console.print(f"[yellow]{escape(waiver_line(waiver))}[/]", soft_wrap=not narrow)
    console.print(f"{report.spec} {report.version}")
    for line in _ship_lines(report, narrow=narrow):
        console.print(line, soft_wrap=not narrow)
    for line in _failing_lines(report, display):
        indent = len(line) - len(line.lstrip())
        console.print(Padding(line.lstrip(), (0, 0, 0, indent), expand=False), soft_wrap=not narrow)
    return "\n".join(line.rstrip() for line in text.getvalue().split("\n"))


def _print_detail(console: Console, report: Report, display: Display) -> None:
    """Each criterion with its gates, the stages, and how many gates are armed."""
    narrow, whole = display.width < NARROW, display.amount > 0
    for model in report.models:
        if model.profile in display.detailed and any(criterion.gates for criterion in model.criteria):
            if narrow:
                _print_list(console, model, whole=whole)
            else:
                console.print(_model_table(model, whole=whole))
    if report.stages:
        _print_stages(console, report.stages, narrow=narrow)
    for profile in dict.fromkeys(
        model.profile for model in report.models if model.profile in display.detailed
    ):
        for line in _armed_lines(profile, (model for model in report.models if model.profile == profile)):
            console.print(line, soft_wrap=not narrow)


def _failing_lines(report: Report, display: Display) -> Iterator[str]:
    """What fails, with what it measured and the command that says more; nothing where nothing does."""
    failing = {
        gate.id: gate
        for model in report.models
        if model.profile in display.detailed
        for criterion in model.criteria
        for gate in criterion.gates
        if gate.verdict in {"FAIL", "ERROR"} and not _is_stale(gate)
    }
    if not failing:
        return
    count = "1 gate fails" if len(failing) == 1 else f"{len(failing)} gates fail"
    yield f"[bold red]{count}[/]"
    for identity, gate in list(failing.items())[:_MOST_FAILING]:
        first, *rest = _said(gate, whole=False).split("\n")
        yield f"  [bold red]{identity}[/] {first}"
        yield from (f"    {line}" for line in rest)
    if len(failing) > _MOST_FAILING:
        yield f"  and {len(failing) - _MOST_FAILING} more"
    yield f"  more of one: specship explain {next(iter(failing))}"


def _armed_lines(profile: str, models: Iterable[ModelReport]) -> Iterator[str]:
    """How many gates of a profile are armed, why others are not, how many limits failed, and who signed."""
    gates = {gate.id: gate for model in models for criterion in model.criteria for gate in criterion.gates}
    unarmed = {identity: gate.unarmed for identity, gate in gates.items() if not gate.armed}
    limits = [limit for gate in gates.values() for limit in gate.limits]
    if not gates:
        return
    if len(unarmed) == len(gates):
        why = Counter(unarmed.values()).most_common(1)[0][0]
        yield f"none of {len(gates)} gates is armed yet at profile {profile}: {why}"
        yield "only armed gates earn credit: `pytest -m falsify`, then `specship faults --arm`"
    elif unarmed:
        first = ", ".join(sorted(unarmed)[:4]) + (" and others" if len(unarmed) > 4 else "")
        armed = len(gates) - len(unarmed)
        yield f"{armed} of {len(gates)} gates are armed at profile {profile}; not yet: {first}"
    else:
        yield f"all {len(gates)} gates are armed at profile {profile}: each was seen to fail on its faults"
    if any(limit.seen == "seen" for limit in limits):
        yield limits_line(limits)
    yield from signed_lines(gates.values())
