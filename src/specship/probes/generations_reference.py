"""Greedy tokens of our decoder against those of transformers, and against what the stage recorded."""

from __future__ import annotations

from itertools import zip_longest

from specship.pipeline.checkpoint.folder import open_any_checkpoint
from specship.pipeline.evaluation.inference_records import read_generations
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
    because they continue another text. Raises DamagedArtifact.
    """
    from specship.pipeline.device import resolve_device
    from specship.pipeline.inference.decode_bench import reference_model, reference_tokens
    from specship.pipeline.inference.decoder import Decoder

    _, lines = read_generations(generations.path)
    opened = open_any_checkpoint(checkpoint.path)
    chosen = [line for line in lines if line.decoding == "greedy"][:_MOST_PROMPTS]
    decoder, model = Decoder(opened), reference_model(checkpoint.path, resolve_device("cpu"))
    tokens = from_reference = from_record = 0
    notes = []
    for line in chosen:
        count = len(line.token_ids)
        ours = decoder.generate(line.prompt_ids, count).token_ids
        theirs = reference_tokens(model, line.prompt_ids, count)
        apart = _differing(ours, theirs)
        if apart:
            notes.append(f"{line.header.strip()}: {apart} of {count} tokens differ from transformers")
        tokens += count
        from_reference += apart
        from_record += _differing(ours, tuple(line.token_ids))
    return {
        "prompts": len(chosen),
        "tokens": tokens,
        "differing_from_reference": from_reference,
        "differing_from_record": from_record,
        "notes": notes,
    }


def _differing(ours: tuple[int, ...], theirs: tuple[int, ...]) -> int:
    """Positions from the first difference on."""
    pairs = list(zip_longest(ours, theirs))
    first = next((at for at, (a, b) in enumerate(pairs) if a != b), len(pairs))
    return len(pairs) - first
