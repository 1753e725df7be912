"""Phrases that the formats for people share."""

from __future__ import annotations

from collections.abc import Iterable

from specship.diagnose.diagnosing import FLOOR, HEALTHY, UNKNOWN, Diagnosis
from specship.diagnose.finding import Figure, Observed
from specship.pipeline.run_logs.records import in_words
from specship.units import show


def needs(diagnosis: Diagnosis, name: str) -> list[str]:
    """Words for the records that a cause lacks."""
    return [in_words(need, diagnosis.facts.kind) for need in diagnosis.missing[name]]


def grounds(diagnosis: Diagnosis, observed: Observed) -> str:
    """What a finding rests on: lines of records, or what somebody told."""
    told = "what was told" if diagnosis.facts.told else "the record of the run"
    return ", ".join(map(str, observed.lines)) or told


def headline(diagnosis: Diagnosis) -> str:
    """What binds, in one sentence."""
    if diagnosis.binding == HEALTHY:
        return f"healthy: {len(diagnosis.examined)} causes were examined and none was found to bind"
    if diagnosis.binding == UNKNOWN:
        lacks = ["not everything could be examined"] if diagnosis.missing else []
        lacks += ["the records leave it open"] if diagnosis.open_ends else []
        return f"cannot tell: nothing was found to bind, and {' and '.join(lacks)}"
    return f"{diagnosis.binding} binds"


def ranks(diagnosis: Diagnosis) -> list[str]:
    """The classes in the order in which they bind."""
    return [
        f"{one.rank}. {one.root.value}: {one.strongest.cause.name} "
        f"(confidence {one.strongest.observed.confidence:.3f}"
        + (f", with {len(one.findings) - 1} more)" if len(one.findings) > 1 else ")")
        for one in diagnosis.classes
    ]


def remarks(diagnosis: Diagnosis) -> list[str]:
    """What was seen with too little confidence to bind."""
    return [
        f"remark: {one.cause.name}: {one.observed.says} "
        f"(confidence {one.observed.confidence:.3f}, under {FLOOR:g}: it binds nothing)"
        for one in diagnosis.remarks
    ]


def figures_text(figures: Iterable[Figure]) -> str:
    """Figures with their units, on one line."""
    return ", ".join(f"{one.name} {_shown(one.value)} {_unit(one.unit)}".rstrip() for one in figures)


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.4g}" if isinstance(value, float) else show(value)


def _unit(unit: str) -> str:
    return "" if unit in {"text", "ratio"} else unit


def other_notes(diagnosis: Diagnosis) -> list[str]:
    """Notes that are not said already under what is left open."""
    return [note for note in diagnosis.notes if note not in diagnosis.open_ends]
