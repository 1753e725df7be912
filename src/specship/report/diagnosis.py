"""A diagnosis as JSON, as text and as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from specship.diagnose.diagnosing import FLOOR, HEALTHY, UNKNOWN, Diagnosis
from specship.diagnose.finding import CauseFinding, Figure, Observed
from specship.diagnose.records import in_words
from specship.diagnose.whys import five_whys
from specship.units import show


def as_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """The published shape; a figure that is not finite is null, with its name as text beside it."""
    return {
        "run": diagnosis.run,
        "kind": diagnosis.facts.kind,
        "binding": diagnosis.binding,
        "classes": [
            {
                "rank": one.rank,
                "class": one.root.value,
                "strongest": one.strongest.cause.name,
                "confidence": one.strongest.observed.confidence,
                "findings": len(one.findings),
            }
            for one in diagnosis.classes
        ],
        "findings": [_finding(finding) for finding in diagnosis.findings],
        "remarks": [_finding(finding) for finding in diagnosis.remarks],
        "cannot_tell": {name: _needs(diagnosis, name) for name in diagnosis.missing},
        "open_ends": list(diagnosis.open_ends),
        "examined": list(diagnosis.examined),
        "inapplicable": dict(diagnosis.inapplicable),
        "told": sorted(diagnosis.facts.told),
        "notes": list(diagnosis.notes),
        "five_whys": [{"why": why.question, "because": why.answer} for why in five_whys(diagnosis)],
    }


def _finding(finding: CauseFinding) -> dict[str, Any]:
    observed, cause = finding.observed, finding.cause
    return {
        "class": cause.root.value,
        "name": cause.name,
        "says": observed.says,
        "figures": {
            figure.name: {**_plain("value", figure.value), "unit": figure.unit} for figure in observed.figures
        },
        "lines": [str(line) for line in observed.lines],
        **_plain("confidence", observed.confidence),
        "confidence_rule": observed.rule,
        "refute_by": observed.refute_by,
        "reference": cause.reference,
    }


def _plain(name: str, value: float | str) -> dict[str, float | str | None]:
    """A value under its name; JSON has neither NaN nor infinity, so that these are null, with `*_text`."""
    if isinstance(value, str) or math.isfinite(value):
        return {name: value}
    return {name: None, f"{name}_text": str(value)}


def _needs(diagnosis: Diagnosis, name: str) -> list[str]:
    return [in_words(need, diagnosis.facts.kind) for need in diagnosis.missing[name]]


def as_text(diagnosis: Diagnosis) -> str:
    """For a terminal: what binds, then each finding with its grounds."""
    lines = [f"{diagnosis.run} ({diagnosis.facts.kind}): {_headline(diagnosis)}"]
    lines += [f"  {text}" for text in _ranks(diagnosis)]
    for finding in diagnosis.findings:
        observed = finding.observed
        lines += [
            "",
            f"{finding.cause.root.value}  {finding.cause.name}  confidence {observed.confidence:.3f}",
            f"  {observed.says}",
            f"  figures     {_figures(observed.figures)}",
            f"  rests on    {_grounds(diagnosis, observed)}",
            f"  confidence  {observed.rule}",
            f"  refute by   {observed.refute_by}",
            f"  reference   {finding.cause.reference}",
        ]
    lines += ["", *_remarks(diagnosis)] if diagnosis.remarks else []
    return "\n".join([*lines, *_whys(diagnosis), *_ending(diagnosis)])


def _grounds(diagnosis: Diagnosis, observed: Observed) -> str:
    told = "what the caller told" if diagnosis.facts.told else "the record of the run"
    return ", ".join(map(str, observed.lines)) or told


def _headline(diagnosis: Diagnosis) -> str:
    if diagnosis.binding == HEALTHY:
        return f"healthy: {len(diagnosis.examined)} causes were examined and none was found to bind"
    if diagnosis.binding == UNKNOWN:
        lacks = ["not everything could be examined"] if diagnosis.missing else []
        lacks += ["the records leave it open"] if diagnosis.open_ends else []
        return f"cannot tell: nothing was found to bind, and {' and '.join(lacks)}"
    return f"{diagnosis.binding} binds"


def _ranks(diagnosis: Diagnosis) -> list[str]:
    """The classes in the order in which they bind."""
    return [
        f"{one.rank}. {one.root.value}: {one.strongest.cause.name} "
        f"(confidence {one.strongest.observed.confidence:.3f}"
        + (f", with {len(one.findings) - 1} more)" if len(one.findings) > 1 else ")")
        for one in diagnosis.classes
    ]


def _remarks(diagnosis: Diagnosis) -> list[str]:
    """What was seen with too little confidence to bind."""
    return [
        f"remark: {one.cause.name}: {one.observed.says} "
        f"(confidence {one.observed.confidence:.3f}, under {FLOOR:g}: it binds nothing)"
        for one in diagnosis.remarks
    ]


def _figures(figures: Iterable[Figure]) -> str:
    return ", ".join(f"{one.name} {_shown(one.value)} {_unit(one.unit)}".rstrip() for one in figures)


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.4g}" if isinstance(value, float) else show(value)


def _unit(unit: str) -> str:
    return "" if unit in {"text", "ratio"} else unit


def _whys(diagnosis: Diagnosis) -> list[str]:
    chain = five_whys(diagnosis)
    if not chain:
        return []
    numbered = (
        line for n, why in enumerate(chain, 1) for line in (f"  {n}. {why.question}", f"     {why.answer}")
    )
    return ["", "five whys", *numbered]


def _ending(diagnosis: Diagnosis) -> list[str]:
    lines = [f"  {name}: no record of {', '.join(_needs(diagnosis, name))}" for name in diagnosis.missing]
    lines = ["", "not examined", *lines] if lines else []
    if diagnosis.inapplicable:
        lines += ["", "not asked", *(f"  {name}: {why}" for name, why in diagnosis.inapplicable.items())]
    if diagnosis.open_ends:
        lines += ["", "left open", *(f"  {text}" for text in diagnosis.open_ends)]
    if diagnosis.facts.told:
        lines += ["", f"told by the caller: {', '.join(sorted(diagnosis.facts.told))}"]
    return lines + [f"note: {note}" for note in _other_notes(diagnosis)]


def _other_notes(diagnosis: Diagnosis) -> list[str]:
    """Notes that are not said already under what is left open."""
    return [note for note in diagnosis.notes if note not in diagnosis.open_ends]


def as_markdown(diagnosis: Diagnosis) -> str:
    """For a review: a heading, a table of findings, the chain of whys."""
    lines = [
        f"# Diagnosis of {_cell(diagnosis.run)}",
        "",
        f"**{_headline(diagnosis)}** ({diagnosis.facts.kind})",
        "",
    ]
    if diagnosis.findings:
        lines += [*(_cell(text) for text in _ranks(diagnosis)), ""]
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
            f"- {finding.cause.name}: {_cell(_figures(finding.observed.figures))}. "
            f"Confidence: {_cell(finding.observed.rule)}. {finding.cause.reference}."
            for finding in diagnosis.findings
        ]
    lines += ["", *(f"- {_cell(text)}" for text in _remarks(diagnosis))] if diagnosis.remarks else []
    if diagnosis.missing:
        lines += ["", "## Not examined", ""]
        lines += [
            f"- {name}: no record of {', '.join(_needs(diagnosis, name))}" for name in diagnosis.missing
        ]
    if diagnosis.inapplicable:
        lines += ["", "## Not asked", ""]
        lines += [f"- {name}: {_cell(why)}" for name, why in diagnosis.inapplicable.items()]
    if diagnosis.open_ends:
        lines += ["", "## Left open", "", *(f"- {_cell(text)}" for text in diagnosis.open_ends)]
    lines += [f"- told by the caller: {name}" for name in sorted(diagnosis.facts.told)]
    return "\n".join([*lines, *(f"- note: {_cell(note)}" for note in _other_notes(diagnosis)), ""])


def _row(diagnosis: Diagnosis, finding: CauseFinding) -> str:
    observed = finding.observed
    cells = (
        finding.cause.root.value,
        f"{finding.cause.name}: {observed.says}",
        f"{observed.confidence:.3f}",
        _grounds(diagnosis, observed),
        observed.refute_by,
    )
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _cell(text: str) -> str:
    """Text of a run on one line of a table, with nothing that Markdown takes for markup of its own."""
    return (
        "".join(char if char.isprintable() else " " for char in text).replace("|", "\\|").replace("<", "&lt;")
    )
