"""A comparison as the JSON that `specship compare --format json` prints, and as short text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from specship.pipeline.comparison.comparison import ComparisonResult
from specship.pipeline.comparison.sides import Ids, Side

ComparisonDocument = dict[str, Any]


def as_document(
    found: ComparisonResult, heard: ComparisonResult | None = None, refusal: str = ""
) -> ComparisonDocument:
    """All findings as plain values; what is not finite becomes null.

    `heard` is the same comparison with llama.cpp on the second side's file, and `refusal` what
    llama.cpp said when it would not open it.
    """
    first = found.first_departing_stage()
    if first is None and (refusal or (heard and heard.first_departing_stage())):
        first = "llama.cpp"
    document = {
        "a": found.a.name,
        "b": found.b.name,
        "kinds": [found.a.kind, found.b.kind],
        "vocabulary_compared": found.vocabulary,
        **_laws(found),
        "first_departing_stage": first,
        "departure": asdict(found.departure) if found.departure else None,
        "stages": [asdict(row) for row in found.stages],
        "stages_compared": len(found.stages),
        "llama_cpp": _laws(heard) if heard else {"refusal": refusal} if refusal else None,
        "positions": [asdict(one) for one in found.positions],
        "tensors_compared": len(found.tensors),
        "tensors_equal": sum(one.equal for one in found.tensors),
        "tensors_departing": sum(one.departs for one in found.tensors),
        "tensors": [asdict(one) for one in found.tensors],
    }
    plain: ComparisonDocument = _finite(document)
    return plain


def _laws(found: ComparisonResult) -> ComparisonDocument:
    """Figures of next-token laws and of greedy text."""
    return {
        **asdict(found.laws),
        "logit_allowed": found.logit_allowed,
        "greedy": {
            "texts": len(found.greedy.wrote[0]),
            "steps": found.greedy.steps,
            "equal_steps": found.greedy.equal_steps,
            "partings": [asdict(one) for one in found.greedy.partings],
            "departures": found.greedy.departures,
            "a": _texts(found.a, found.greedy.wrote[0]),
            "b": _texts(found.b, found.greedy.wrote[1]),
        },
    }


def _texts(side: Side, wrote: Sequence[Ids]) -> list[str]:
    tokenizer = side.model.tokenizer()
    return [str(tokenizer.decode(list(ids), skip_special_tokens=False)) for ids in wrote]


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return value


def as_text(document: ComparisonDocument) -> Iterator[str]:
    """The same for people, line by line."""
    yield f"a  {document['a']}"
    yield f"b  {document['b']}"
    yield ""
    yield from _tensor_lines(document)
    yield from _law_lines(document, "")
    if (heard := document["llama_cpp"]) is not None:
        if "refusal" in heard:
            yield f"llama.cpp         {heard['refusal']}"
        else:
            yield from _law_lines(heard, "llama.cpp ")
    yield ""
    yield from _stage_lines(document)
    yield from _verdict_lines(document)


def _tensor_lines(document: ComparisonDocument) -> Iterator[str]:
    compared, equal = document["tensors_compared"], document["tensors_equal"]
    yield f"tensors           {compared} compared, {equal} equal, {document['tensors_departing']} depart"
    departing = [one for one in document["tensors"] if one["departs"]]
    for one in departing[:3]:
        apart = _shown(one["relative_difference"])
        yield f"                  {one['name']}: {one['fault']}, relative difference {apart}"
    if len(departing) > 3:
        yield f"                  and {len(departing) - 3} more"


def _law_lines(figures: ComparisonDocument, who: str) -> Iterator[str]:
    greedy = figures["greedy"]
    yield (
        f"{who}tokens".ljust(18) + f"{figures['tokens_compared']} compared, top-1 agreement "
        f"{figures['top1_agreement']:.4f}, {figures['near_ties']} near ties, "
        f"{figures['top1_departures']} depart"
    )
    yield (
        f"{who}KL".ljust(18)
        + f"mean {_shown(figures['mean_kl'])}, max {_shown(figures['max_kl'])} nats/token; "
        f"largest centred logit apart {_shown(figures['max_abs_logit'])} "
        f"(rounding explains {_shown(figures['logit_allowed'])})"
    )
    parted = f", {len(greedy['partings'])} of {greedy['texts']} texts part" if greedy["partings"] else ""
    yield (
        f"{who}greedy".ljust(18) + f"{greedy['equal_steps']} of {greedy['steps']} steps equal{parted}, "
        f"{greedy['departures']} depart"
    )


def _stage_lines(document: ComparisonDocument) -> Iterator[str]:
    if not document["stages"]:
        yield "stages            none: llama.cpp gives probabilities only"
        return
    rounded = any(row["at_one_precision"] is not None for row in document["stages"])
    yield "stage                 difference     allowed" + ("  at one precision" if rounded else "")
    for row in document["stages"]:
        verdict = "departs" if row["departs"] else ""
        shown = f"{_shown(row['relative_difference']):>10}  {_shown(row['allowed']):>10}"
        left = f"  {_shown(row['at_one_precision']):>16}" if rounded else ""
        yield f"{row['stage']:<20}  {shown}{left}  {verdict}".rstrip()


def _verdict_lines(document: ComparisonDocument) -> Iterator[str]:
    yield ""
    first, departure = document["first_departing_stage"], document["departure"]
    yield f"first departing stage: {first or 'none'}"
    if departure:
        yield f"kind: {departure['kind']}: {departure['what']}"
        if departure["after"] is not None:
            yield (
                f"      undoing it lowers the stage's relative difference from "
                f"{_shown(departure['before'])} to {_shown(departure['after'])}"
            )


def _shown(value: float | None) -> str:
    """Two digits; a figure that is not finite has none."""
    return "not finite" if value is None else f"{value:.2g}"
