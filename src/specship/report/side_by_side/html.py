"""Two sides as a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element

from specship.exhibits.side_by_side import SideBySide, models_beside
from specship.report.charts.curve import drawn_curves
from specship.report.charts.markup import Child, element
from specship.report.formats import PLAIN, Display
from specship.report.formatting import percent
from specship.report.page.behind import comparison_section, curve_key, grouped
from specship.report.page.document import page
from specship.report.page.parts import as_text, kind, listed, table
from specship.report.side_by_side._rows import SideRow, gate_rows, percent_rows, run_rows, status_lines
from specship.status.exhibits import RunReport
from specship.status.report import ModelReport, Standing
from specship.version import VERSION


def render(found: SideBySide, _display: Display = PLAIN) -> str:
    """The page."""
    sections: list[Element] = []
    links: list[tuple[str, str]] = []
    if found.reports:
        sections += [_glance(found), _gates(found)]
        links += [("glance", "At a glance"), ("gates", "gates that differ")]
    if found.changes:
        sections.append(
            element("section", element("h2", "Demands that changed", id_="changes"), listed(found.changes))
        )
        links.append(("changes", "demands"))
    if found.runs:
        sections.append(_runs(found))
        links.append(("runs", "runs"))
    sections += comparison_section([found.pair] if found.pair else [])
    about = element(
        "p", "A ", element("code", found.a), " and B ", element("code", found.b), class_="small", dir="auto"
    )
    return page(
        f"Two {found.kind} side by side", [about], links, sections, [element("p", f"specship {VERSION}")]
    )


def _glance(found: SideBySide) -> Element:
    rows = percent_rows(found)
    cards = [
        element(
            "article",
            element("h3", element("bdi", row.name), element("span", row.note, class_="soft")),
            element("div", f"{row.one} → {row.other}" if row.differs else row.one, class_="percent"),
            element("p", "" if row.differs else "on both sides", class_="small soft"),
            [_weights(side, model) for side, model in zip("AB", pair, strict=True) if model],
            listed(status_lines(*pair)),
            class_=f"card {'some' if row.differs else ''}".strip(),
        )
        for row, pair in zip(rows, models_beside(found), strict=True)
    ]
    versions = " and ".join(f"{report.spec} {report.version}" for report in found.reports)
    return element(
        "section",
        element("h2", "At a glance", id_="glance", class_="first"),
        element("p", versions),
        element("div", cards, class_="cards"),
    )


def _weights(side: str, model: ModelReport) -> Element:
    judged = [one for one in model.criteria if one.status != Standing.NOT_JUDGED]
    strips = [
        element(
            "span",
            class_=f"is-{kind(one.status)}",
            style=f"flex:{one.weight}",
            title=f"{one.id}: {one.status}",
        )
        for one in judged
    ]
    told = ", ".join(f"{one.id} {one.status}" for one in judged)
    label = f"{side}: {percent(model.ship_percent)}, {told}"
    strip = element("div", strips, class_="weights", role="img", aria_label=label, style="flex:1")
    return element("div", element("span", side, class_="small soft"), strip, style="display:flex;gap:.5rem")


def _gates(found: SideBySide) -> Element:
    rows = gate_rows(found)
    return element(
        "section",
        element("h2", "Gates that differ", id_="gates"),
        _table("gates and figures", rows) if rows else element("p", "No gate differs."),
    )


def _table(caption: str, rows: Iterable[SideRow]) -> Element:
    def cells(row: SideRow) -> list[Child]:
        strong = "b" if not row.name.startswith(" ") else "span"
        return [element(strong, row.name.strip()), row.one, row.other, row.note]

    return table(caption, ("what", "A", "B", "moved by"), map(cells, rows))


def _runs(found: SideBySide) -> Element:
    return element(
        "section",
        element("h2", "Runs", id_="runs"),
        _table("both runs", run_rows(*found.runs)),
        element("div", list(_figures(found.runs)), class_="charts"),
    )


def _figures(runs: Sequence[RunReport]) -> Iterator[Element]:
    """Curves of one name on one drawing."""
    groups = [dict(grouped(run)) for run in runs]
    for title in dict.fromkeys([*groups[0], *groups[1]]):
        curves = [
            curve.model_copy(update={"name": f"{side}: {curve.name.replace('closed form', 'as planned')}"})
            for side, group in zip("AB", groups, strict=True)
            for curve in group.get(title, [])
        ]
        lines = (f"{one.name}\t{step:g}\t{value:.6g}" for one in curves for step, value in one.points)
        yield element(
            "figure",
            element("figcaption", title, curve_key(curves)),
            drawn_curves(title, curves[0].unit, curves),
            as_text("figures as text", ["series\tstep\tvalue", *lines]),
        )
