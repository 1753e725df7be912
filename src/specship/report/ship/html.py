"""The report as a page: one file, no script, nothing from outside, read on a screen or on paper."""

from __future__ import annotations

from typing import Final

from specship.report.charts.markup import Child, element
from specship.report.formats import PLAIN, Display
from specship.report.page.behind import comparison_section, outcome_section, run_sections, stage_section
from specship.report.page.criteria import CriteriaSection
from specship.report.page.document import page
from specship.report.page.parts import anchor, moment
from specship.report.page.summary import summary
from specship.status.exhibits import Exhibits
from specship.status.report import Report
from specship.version import VERSION

FILE: Final = ".html"


def render(report: Report, display: Display = PLAIN) -> str:
    """The page; links to files begin at the folder that `display.up` names."""
    exhibits = report.exhibits or Exhibits(made="")
    up = display.up
    sections = [
        summary(report),
        *CriteriaSection(report, up).sections(),
        *run_sections(exhibits),
        *comparison_section(exhibits.comparisons),
        *outcome_section(exhibits),
        *stage_section(report, exhibits, up),
    ]
    links = [("glance", "At a glance")]
    links += [
        (anchor("model", model.model, model.profile), f"{model.model} {model.profile}")
        for model in report.models
    ]
    links += [
        (anchor("run", run.model, run.profile, run.path), f"run of {run.model}") for run in exhibits.runs
    ]
    links += [(f"comparison-{number}", "comparison") for number, _ in enumerate(exhibits.comparisons)]
    links += [("outcomes", "HumanEval")] if exhibits.outcomes else []
    links += [("stages", "stages")] if exhibits.stages or report.stages else []
    return page(f"{report.spec} {report.version}", [_about(exhibits)], links, sections, _foot(exhibits))


def _about(exhibits: Exhibits) -> Child:
    if not exhibits.made:
        return None
    state = " with files that are not committed" if exhibits.dirty and exhibits.commit else ""
    where: Child = (
        ["commit ", element("code", exhibits.commit[:12]), state] if exhibits.commit else "outside git"
    )
    return element(
        "p", "Computed ", moment(exhibits.made), " from the ledger at ", where, ".", class_="soft small"
    )


def _foot(exhibits: Exhibits) -> list[Child]:
    return [
        element(
            "p",
            f"specship {VERSION}; {exhibits.entries} entries of the ledger were read. ",
            "Every percentage is computed from fresh signed evidence of gates that were seen to fail; ",
            "no file holds one.",
        ),
        element(
            "p",
            "Check it: ",
            element("code", "specship evidence verify"),
            ". The same for programs: ",
            element("code", "specship status --format json"),
            ".",
        ),
    ]
