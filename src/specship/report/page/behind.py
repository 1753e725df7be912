"""What lies behind the verdicts: runs, stages, outcomes of evaluations, comparisons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from specship.report.charts.bars import Bar, drawn_bars
from specship.report.charts.curve import drawn_curves
from specship.report.charts.grid import PASSED, drawn_outcomes, told
from specship.report.charts.lineage import drawn_lineage
from specship.report.charts.markup import Child, element
from specship.report.formatting import duration
from specship.report.page.parts import anchor, as_text, digest, folded, listed, mark, table
from specship.status.exhibits import ComparedPair, Exhibits, OutcomeGrid, RunCurve, RunReport, StageNode
from specship.status.report import Report, StageReport
from specship.units import show
from specship.wording import counted


def run_sections(exhibits: Exhibits) -> Iterator[Element]:
    """The curves of each run."""
    for run in exhibits.runs:
        name = anchor("run", run.model, run.profile, run.path)
        yield element(
            "section",
            element(
                "h2", f"Run of {run.model} at {run.profile}" if run.model else f"Run {run.path}", id_=name
            ),
            element(
                "p",
                element("code", run.path),
                f": {run.status or 'how it ended is not on record'}, {counted(run.steps, 'step')}",
                f"; {run.reason}." if run.reason else ".",
                dir="auto",
            ),
            listed(run.notes) if run.notes else None,
            listed([mark("STALE", "bypass"), f" {text}"] for text in run.bypasses) if run.bypasses else None,
            element(
                "p",
                f"Events: {', '.join(f'{event.name} at step {event.step}' for event in run.events)}."
                if run.events
                else "No event: nothing began again, was stopped or resumed.",
                class_="small",
            ),
            element("div", list(curve_figures(run)), class_="charts"),
            aria_labelledby=name,
        )


def grouped(run: RunReport) -> list[tuple[str, list[RunCurve]]]:
    """Curves that belong on one drawing, by its title."""
    found: dict[str, list[RunCurve]] = {}
    for curve in run.curves:
        title = "loss" if curve.unit == "nats/token" else curve.name.partition(",")[0]
        found.setdefault(title, []).append(curve)
    return list(found.items())


def curve_figures(run: RunReport) -> Iterator[Element]:
    """Each group of curves with its key and its figures as text."""
    for title, curves in grouped(run):
        thin = [
            f"{curve.name}: {len(curve.points)} of {curve.of} points, with the extremes of each stretch"
            for curve in curves
            if curve.of > len(curve.points)
        ]
        lines = [
            f"{curve.name}\t{step:g}\t{value:.6g}{errors.get(step, '')}"
            for curve in curves
            for errors in [{place: f"\t± {error:.3g}" for place, error in curve.band}]
            for step, value in curve.points
        ]
        yield element(
            "figure",
            element("figcaption", title, curve_key(curves)),
            drawn_curves(title, curves[0].unit, curves, run.events),
            as_text("figures as text", [*thin, "series\tstep\tvalue", *lines]),
        )


def curve_key(curves: Sequence[RunCurve]) -> Element | None:
    """Which line is which."""
    if len(curves) == 1:
        return None
    return element(
        "span",
        [
            element(
                "span",
                element("i", class_="plan" if "closed form" in curve.name else f"k{number}"),
                curve.name + (" ± standard error" if curve.band else ""),
            )
            for number, curve in enumerate(curves)
        ],
        class_="key",
    )


def stage_section(report: Report, exhibits: Exhibits, up: str) -> Iterator[Element]:
    """Stages with their times, and what was made from what."""
    if not exhibits.stages and not report.stages:
        return
    parts: list[Child] = [element("h2", "Stages and descent", id_="stages")]
    if report.stages:
        ran = [one for one in report.stages if not one.cached]
        parts.append(
            element(
                "p",
                f"In this session {counted(len(ran), 'stage')} ran, ",
                f"{len(report.stages) - len(ran)} were there already.",
            )
        )
        parts.append(
            folded(
                "why each ran",
                table(
                    "stages of this session",
                    ("model", "stage", "how", "why"),
                    (_session_row(one) for one in report.stages),
                ),
                class_="plain",
            )
        )
    for profile in dict.fromkeys(node.profile for node in exhibits.stages):
        nodes = [node for node in exhibits.stages if node.profile == profile]
        total = sum(node.seconds for node in nodes)
        parts += [
            element("h3", f"{profile}: {duration(total)} of stages"),
            element(
                "div",
                drawn_lineage(nodes),
                class_="scroll",
                role="region",
                tabindex=0,
                aria_label=f"descent of the artifacts at {profile}",
            ),
            element(
                "div",
                drawn_bars(
                    f"how long each stage took at {profile}",
                    [
                        Bar(f"{one.model} {one.makes}", one.seconds, duration(one.seconds))
                        for one in sorted(nodes, key=lambda one: -one.seconds)
                    ],
                ),
                style="max-width:40rem;margin-top:.6rem",
            ),
            folded(
                "artifacts as a table",
                table(
                    f"artifacts at {profile}",
                    ("model", "artifact", "seconds", "files", "bytes", "made from", "digest", "where"),
                    (_node_row(one, up) for one in nodes),
                    numbers=(2, 3, 4),
                ),
                class_="plain",
            ),
        ]
    yield element("section", *parts, aria_labelledby="stages")


def _session_row(one: StageReport) -> list[Child]:
    return [one.model, one.stage, "was there" if one.cached else f"ran in {duration(one.seconds)}", one.why]


def _node_row(one: StageNode, up: str) -> list[Child]:
    where: Child = (
        element("a", element("code", one.path), href=f"{up}{one.path}/") if one.path else "not here"
    )
    signed: Child = None if one.signed else [" ", mark("FAIL", "unsigned")]
    return [
        one.model,
        [one.makes, signed],
        f"{one.seconds:.1f}",
        show(one.files),
        show(one.bytes),
        ", ".join(one.inputs) or "nothing",
        digest(one.digest),
        where,
    ]


def outcome_section(exhibits: Exhibits) -> Iterator[Element]:
    """Every problem of each evaluation by execution."""
    if not exhibits.outcomes:
        return
    parts = [part for grid in exhibits.outcomes for part in _grid(grid)]
    yield element(
        "section", element("h2", "Outcomes of HumanEval", id_="outcomes"), *parts, aria_labelledby="outcomes"
    )


def _grid(grid: OutcomeGrid) -> Iterator[Child]:
    yield element("h3", f"{grid.model} at {grid.profile}: {grid.name}")
    if grid.note:
        yield element("p", grid.note)
        return
    counts = Counter(outcome for task in grid.tasks for outcome in task.outcomes)
    shown = ", ".join(f"{name} {count}" for name, count in counts.most_common())
    yield element(
        "p",
        f"{counted(len(grid.tasks), 'problem')}; samples: {shown}; sandbox {grid.sandbox}. ",
        element("code", grid.path),
        class_="small",
    )
    yield element(
        "p", "A full square: every sample passed; partly full: some; a cross: none.", class_="small soft"
    )
    yield element("div", drawn_outcomes(grid.tasks, grid.name), style="max-width:34rem")
    ordered = sorted(grid.tasks, key=lambda task: all(one == PASSED for one in task.outcomes))
    yield as_text("outcomes as text", map(told, ordered))


def comparison_section(pairs: Sequence[ComparedPair]) -> Iterator[Element]:
    """Two copies of a model, position by position and block by block."""
    for number, pair in enumerate(pairs):
        name = f"comparison-{number}"
        parts: list[Child] = [
            element("h2", "Comparison", id_=name),
            element(
                "p",
                "A ",
                element("code", pair.a),
                " and B ",
                element("code", pair.b),
                f": {pair.verdict}.",
                dir="auto",
            ),
            table(
                "all positions together",
                ("figure", "value"),
                (
                    [words, "not finite" if value is None else f"{value:.6g}"]
                    for words, value in pair.figures.items()
                ),
                numbers=(1,),
            ),
        ]
        figures: list[Element] = []
        if pair.positions:
            curve = RunCurve(name="KL", unit="nats", points=pair.positions, of=pair.positions_of)
            figures.append(
                element(
                    "figure",
                    element("figcaption", "divergence by position"),
                    drawn_curves("divergence", "nats", [curve], over="positions"),
                    as_text(
                        "figures as text",
                        ["position\tKL", *(f"{place:g}\t{value:.6g}" for place, value in pair.positions)],
                    ),
                )
            )
        if pair.blocks:
            bars = [
                Bar(
                    one.block,
                    one.difference or 0.0,
                    "not finite" if one.difference is None else f"{one.difference:.2g}",
                    one.allowed,
                    one.diverges,
                )
                for one in pair.blocks
            ]
            lines = (
                f"{one.block}\t{one.difference}\t{one.allowed}\t{'diverges' if one.diverges else ''}"
                for one in pair.blocks
            )
            figures.append(
                element(
                    "figure",
                    element(
                        "figcaption",
                        "relative difference by block; the line is what rounding explains (logarithmic)",
                    ),
                    drawn_bars("relative difference of each block", bars, logarithmic=True),
                    as_text("figures as text", ["block\tdifference\tallowed", *lines]),
                )
            )
        parts.append(element("div", figures, class_="charts"))
        yield element("section", *parts, aria_labelledby=name)
