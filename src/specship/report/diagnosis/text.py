"""A diagnosis for a terminal: what binds, then each finding with its grounds."""

from __future__ import annotations

from specship.diagnose.diagnosing import Diagnosis
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
    """For a terminal: what binds, then each finding with its grounds."""
    lines = [f"{diagnosis.run} ({diagnosis.facts.kind}): {headline(diagnosis)}"]
    lines += [f"  {text}" for text in ranks(diagnosis)]
    for finding in diagnosis.findings:
        observed = finding.observed
        lines += [
            "",
            f"{finding.cause.root.value}  {finding.cause.name}  confidence {observed.confidence:.3f}",
            f"  {observed.says}",
            f"  figures     {figures_text(observed.figures)}",
            f"  rests on    {grounds(diagnosis, observed)}",
            f"  confidence  {observed.rule}",
            f"  refute by   {observed.refute_by}",
            f"  reference   {finding.cause.reference}",
        ]
    lines += ["", *remarks(diagnosis)] if diagnosis.remarks else []
    return "\n".join([*lines, *_whys(diagnosis), *_ending(diagnosis), ""])


def _whys(diagnosis: Diagnosis) -> list[str]:
    chain = five_whys(diagnosis)
    if not chain:
        return []
    numbered = (
        line for n, why in enumerate(chain, 1) for line in (f"  {n}. {why.question}", f"     {why.answer}")
    )
    return ["", "five whys", *numbered]


def _ending(diagnosis: Diagnosis) -> list[str]:
    lines = [f"  {name}: no record of {', '.join(needs(diagnosis, name))}" for name in diagnosis.missing]
    lines = ["", "not examined", *lines] if lines else []
    if diagnosis.inapplicable:
        lines += ["", "not asked", *(f"  {name}: {why}" for name, why in diagnosis.inapplicable.items())]
    if diagnosis.open_ends:
        lines += ["", "left open", *(f"  {text}" for text in diagnosis.open_ends)]
    if diagnosis.facts.told:
        lines += ["", f"told, and on no record: {', '.join(sorted(diagnosis.facts.told))}"]
    return lines + [f"note: {note}" for note in other_notes(diagnosis)]
