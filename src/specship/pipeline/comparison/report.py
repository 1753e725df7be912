"""A comparison as the JSON that `specship compare --format json` prints, and as short text.

JSON keeps the names it was published with, some of them older than the code's: `stage` is a block, `departs`
that something diverges, `partings` are the first differences of greedy texts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from specship.errors import SpecshipError
from specship.pipeline.comparison.comparison import ComparisonResult
from specship.pipeline.comparison.sides import ComparedSide, Ids
from specship.pipeline.model.reading import OURS

ComparisonDocument = dict[str, Any]
_WITHOUT_BLOCKS: Final = ("transformers", "llama.cpp")
_PUBLISHED: Final = {"block": "stage", "diverges": "departs", "top1_divergences": "top1_departures"}
"""Fields of records by their older names in JSON."""


def as_document(
    found: ComparisonResult, in_llama_cpp: ComparisonResult | None = None, refusal: str = ""
) -> ComparisonDocument:
    """All findings as plain values; what is not finite becomes null.

    `in_llama_cpp` is the comparison of the GGUF in our decoder with the same file in llama.cpp, and
    `refusal` what llama.cpp said when it would not open it.
    """
    first = found.first_diverging_block()
    if first is None and (refusal or (in_llama_cpp and in_llama_cpp.first_diverging_block())):
        first = "llama.cpp"
    document = {
        "a": found.a.name,
        "b": found.b.name,
        "kinds": [found.a.kind, found.b.kind],
        "engines": [found.a.model.engine, found.b.model.engine],
        "vocabulary_compared": found.vocabulary,
        **_token_figures(found),
        "first_diverging_block": first,
        "first_departing_stage": first,
        "departure": _published(found.divergence) if found.divergence else None,
        "stages": [_published(row) for row in found.blocks],
        "stages_compared": len(found.blocks),
        "llama_cpp": _token_figures(in_llama_cpp)
        if in_llama_cpp
        else {"refusal": refusal}
        if refusal
        else None,
        "positions": [_published(one) for one in found.positions],
        "tensors_compared": len(found.tensors),
        "tensors_equal": sum(one.equal for one in found.tensors),
        "tensors_departing": sum(one.diverges for one in found.tensors),
        "tensors": [_published(one) for one in found.tensors],
    }
    plain: ComparisonDocument = _finite(document)
    return plain


def _published(record: Any) -> ComparisonDocument:
    """A record's fields under the names that JSON has for them."""
    return {_PUBLISHED.get(name, name): value for name, value in asdict(record).items()}


def _token_figures(found: ComparisonResult) -> ComparisonDocument:
    """Figures of next-token distributions and of greedy text."""
    return {
        **_published(found.distributions),
        "logit_allowed": found.logit_allowed,
        "greedy": {
            "texts": len(found.greedy.wrote[0]),
            "steps": found.greedy.steps,
            "equal_steps": found.greedy.equal_steps,
            "partings": [_published(one) for one in found.greedy.differences],
            "departures": found.greedy.divergences,
            "a": _texts((found.a, found.b), found.greedy.wrote[0]),
            "b": _texts((found.b, found.a), found.greedy.wrote[1]),
        },
    }


def _texts(sides: Sequence[ComparedSide], wrote: Sequence[Ids]) -> list[str]:
    """By the first side's tokenizer that is known here; without one the ids stand for the texts."""
    for side in sides:
        try:
            tokenizer = side.model.tokenizer()
        except SpecshipError:
            continue
        return [str(tokenizer.decode(list(ids), skip_special_tokens=False)) for ids in wrote]
    return [" ".join(map(str, ids)) for ids in wrote]


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
    for side, engine in zip("ab", document["engines"], strict=True):
        yield f"{side}  {document[side]}" + ("" if engine == OURS else f" (computed by {engine})")
    yield ""
    yield from _tensor_lines(document)
    yield from _token_lines(document, "")
    if (in_llama_cpp := document["llama_cpp"]) is not None:
        if "refusal" in in_llama_cpp:
            yield f"llama.cpp         {in_llama_cpp['refusal']}"
        else:
            yield from _token_lines(in_llama_cpp, "llama.cpp ")
    yield ""
    yield from _block_lines(document)
    yield from _divergence_lines(document)


def _tensor_lines(document: ComparisonDocument) -> Iterator[str]:
    compared, equal = document["tensors_compared"], document["tensors_equal"]
    yield f"tensors           {compared} compared, {equal} equal, {document['tensors_departing']} diverge"
    diverging = [one for one in document["tensors"] if one["departs"]]
    for one in diverging[:3]:
        apart = _shown(one["relative_difference"])
        yield f"                  {one['name']}: {one['fault']}, relative difference {apart}"
    if len(diverging) > 3:
        yield f"                  and {len(diverging) - 3} more"


def _token_lines(figures: ComparisonDocument, who: str) -> Iterator[str]:
    greedy = figures["greedy"]
    yield (
        f"{who}tokens".ljust(18) + f"{figures['tokens_compared']} compared, top-1 agreement "
        f"{figures['top1_agreement']:.4f}, {figures['near_ties']} near ties, "
        f"{figures['top1_departures']} diverge"
    )
    yield (
        f"{who}KL".ljust(18)
        + f"mean {_shown(figures['mean_kl'])}, max {_shown(figures['max_kl'])} nats/token; "
        f"largest centred logit apart {_shown(figures['max_abs_logit'])} "
        f"(rounding explains {_shown(figures['logit_allowed'])})"
    )
    differing = f", {len(greedy['partings'])} of {greedy['texts']} texts differ" if greedy["partings"] else ""
    yield (
        f"{who}greedy".ljust(18) + f"{greedy['equal_steps']} of {greedy['steps']} steps equal{differing}, "
        f"{greedy['departures']} diverge"
    )


def _block_lines(document: ComparisonDocument) -> Iterator[str]:
    if not document["stages"]:
        who = " and ".join(dict.fromkeys(kind for kind in document["kinds"] if kind in _WITHOUT_BLOCKS))
        yield f"blocks            none: of {who} only the probabilities are taken"
        return
    rounded = any(row["at_one_precision"] is not None for row in document["stages"])
    yield "block                 difference     allowed" + ("  at one precision" if rounded else "")
    for row in document["stages"]:
        mark = "diverges" if row["departs"] else ""
        shown = f"{_shown(row['relative_difference']):>10}  {_shown(row['allowed']):>10}"
        left = f"  {_shown(row['at_one_precision']):>16}" if rounded else ""
        yield f"{row['stage']:<20}  {shown}{left}  {mark}".rstrip()


def _divergence_lines(document: ComparisonDocument) -> Iterator[str]:
    yield ""
    first, divergence = document["first_diverging_block"], document["departure"]
    yield f"first diverging block: {first or 'none'}"
    if divergence:
        yield f"kind: {divergence['kind']}: {divergence['what']}"
        if divergence["after"] is not None:
            yield (
                f"      undoing it lowers the block's relative difference from "
                f"{_shown(divergence['before'])} to {_shown(divergence['after'])}"
            )


def _shown(value: float | None) -> str:
    """Two digits; a figure that is not finite has none."""
    return "not finite" if value is None else f"{value:.2g}"
