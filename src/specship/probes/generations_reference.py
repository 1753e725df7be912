"""Greedy tokens of our decoder against those of transformers, and against what the stage recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest

from specship.pipeline.evaluation.inference_records import read_generations
from specship.pipeline.inference.any_model import AnyModel, load_decoder, open_any_model
from specship.pipeline.model.reading import OURS
from specship.probes.probe import Artifact, Figures, probe

_MOST_PROMPTS = 6


@probe(
    "generations.reference",
    checked="tokens",
    prompts="prompts",
    tokens="tokens",
    differing_from_reference="tokens",
    differing_from_record="tokens",
)
def generations_reference(checkpoint: Artifact, generations: Artifact) -> Figures:
    """Recomputes up to six greedy completions with both decoders, on the CPU in float32.

    `tokens` counts positions compared. Positions after the first difference count as differing,
    because they continue another text. A family without a decoder of ours was computed by transformers
    itself: then there is nothing to hold it against, and `differing_from_reference` is not measured. Raises
    DamagedArtifact.
    """
    _, lines = read_generations(generations.path)
    opened = open_any_model(checkpoint.path)
    chosen = [line for line in lines if line.decoding == "greedy"][:_MOST_PROMPTS]
    decoder, reference = load_decoder(opened), _reference(opened)
    tokens = from_reference = from_record = 0
    notes = [] if reference else [f"computed by {opened.engine}, which would be its own reference"]
    for line in chosen:
        count = len(line.token_ids)
        ours = decoder.generate(line.prompt_ids, count).token_ids
        apart = _differing(ours, reference(line.prompt_ids, count)) if reference else 0
        if apart:
            notes.append(f"{line.header.strip()}: {apart} of {count} tokens differ from transformers")
        tokens += count
        from_reference += apart
        from_record += _differing(ours, tuple(line.token_ids))
    return {
        "prompts": len(chosen),
        "tokens": tokens,
        "differing_from_reference": from_reference if reference else None,
        "differing_from_record": from_record,
        "notes": notes,
    }


def _reference(opened: AnyModel) -> Callable[[Sequence[int], int], tuple[int, ...]] | None:
    """What transformers writes, beside our decoder."""
    from specship.pipeline.device import resolve_device
    from specship.pipeline.inference.decode_bench import reference_model, reference_tokens

    if opened.engine != OURS:
        return None
    model = reference_model(opened.path, resolve_device("cpu"))
    return lambda prompt_ids, count: reference_tokens(model, prompt_ids, count)


def _differing(ours: tuple[int, ...], theirs: tuple[int, ...]) -> int:
    """Positions from the first difference on."""
    pairs = list(zip_longest(ours, theirs))
    first = next((at for at, (a, b) in enumerate(pairs) if a != b), len(pairs))
    return len(pairs) - first
