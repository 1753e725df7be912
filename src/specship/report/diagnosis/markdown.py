"""A diagnosis as Markdown, for a review."""

from __future__ import annotations

from specship.diagnose.diagnosing import Diagnosis
from specship.diagnose.finding import CauseFinding
from specship.diagnose.whys import five_whys
from specship.report.diagnosis._phrases import (
    figures_text,
    grounds,
    headline,
    needs,
    other_notes,
    ranks,
    remarks,
)
from specship.report.formats import PLAIN, Display


def render(diagnosis: Diagnosis, _display: Display = PLAIN) -> str:
    """For a review: a heading, a table of findings, the chain of whys."""
    lines = [
        f"# Diagnosis of {_cell(diagnosis.run)}",
        "",
        f"**{headline(diagnosis)}** ({diagnosis.facts.kind})",
        "",
    ]
    if diagnosis.findings:
        lines += [*(_cell(text) for text in ranks(diagnosis)), ""]
        lines += [
            "| class | finding | confidence | rests on | refute by |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += [_row(diagnosis, finding) for finding in diagnosis.findings]
        lines += ["", "## Five whys", ""]
        lines += [
            f"{n}. *{why.question}* {_cell(why.answer)}" for n, why in enumerate(five_whys(diagnosis), 1)
        ]
        lines += ["", "## Figures and references", ""]
        lines += [
            f"- {finding.cause.name}: {_cell(figures_text(finding.observed.figures))}. "
            f"Confidence: {_cell(finding.observed.rule)}. {finding.cause.reference}."
            for finding in diagnosis.findings
        ]
    lines += ["", *(f"- {_cell(text)}" for text in remarks(diagnosis))] if diagnosis.remarks else []
    if diagnosis.missing:
        lines += ["", "## Not examined", ""]
        lines += [f"- {name}: no record of {', '.join(needs(diagnosis, name))}" for name in diagnosis.missing]
    if diagnosis.inapplicable:
        lines += ["", "## Not asked", ""]
        lines += [f"- {name}: {_cell(why)}" for name, why in diagnosis.inapplicable.items()]
    if diagnosis.open_ends:
        lines += ["", "## Left open", "", *(f"- {_cell(text)}" for text in diagnosis.open_ends)]
    lines += [f"- told, and on no record: {name}" for name in sorted(diagnosis.facts.told)]
    return "\n".join([*lines, *(f"- note: {_cell(note)}" for note in other_notes(diagnosis)), ""])


def _row(diagnosis: Diagnosis, finding: CauseFinding) -> str:
    observed = finding.observed
    cells = (
        finding.cause.root.value,
        f"{finding.cause.name}: {observed.says}",
        f"{observed.confidence:.3f}",
        grounds(diagnosis, observed),
        observed.refute_by,
    )
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _cell(text: str) -> str:
    """Text of a run on one line of a table, with nothing that Markdown takes for markup of its own."""
    return (
        "".join(char if char.isprintable() else " " for char in text).replace("|", "\\|").replace("<", "&lt;")
    )
