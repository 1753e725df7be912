"""How much of what the checkpoint writes is syntactically valid Python.

Nothing that the stage concluded is believed: texts are decoded again from token ids, the stop
rule and the parse are applied again, and each prompt is looked up in its held-out document.
"""

from __future__ import annotations

from collections.abc import Mapping

from specship.pipeline.corpus.manifest import read_documents
from specship.pipeline.evaluation.inference_records import Generation, read_generations
from specship.pipeline.evaluation.recomputed_validity import recomputed_validity
from specship.pipeline.inference.any_model import open_any_model
from specship.probes.probe import Artifact, Figures, probe

_MOST_NOTES = 5


@probe(
    "generations.syntax",
    checked="completions",
    prompts="prompts",
    completions="completions",
    syntax_errors="errors",
    valid_share="fraction",
    prefix_valid="completions",
    distinct_bodies="completions",
    foreign_prompts="prompts",
    altered="completions",
    decoding="text",
)
def generations_syntax(checkpoint: Artifact, corpus: Artifact, generations: Artifact) -> Figures:
    """Judged completions only.

    `syntax_errors` counts completions whose function, after the stop rule, does not parse as a
    whole; `prefix_valid` those of which at least a beginning with a body parses. `altered` counts
    completions whose stored text, body or length is not what their token ids come to, or that
    were made by other weights.

    Raises DamagedArtifact. Not looked at: whether the code does anything.
    """
    about, lines = read_generations(generations.path)
    opened = open_any_model(checkpoint.path)
    tokenizer = opened.tokenizer()
    texts = {document.sha256: document.text for document in read_documents(corpus.path, "heldout")}
    judged = [line for line in lines if line.decoding == about.settings.judged]
    same_weights = about.weights_sha256 == opened.weights_digest()
    notes: list[str] = []
    altered = valid = prefix_valid = 0
    bodies = set()
    for line in judged:
        again = recomputed_validity(
            line, tokenizer, ends=opened.shape.eos_ids, new_tokens=about.settings.new_tokens
        )
        parsed = again.parsed
        altered += not (same_weights and again.as_recorded)
        valid += parsed.valid
        prefix_valid += parsed.longest_prefix_lines > 0
        bodies.add(again.body)
        if not parsed.valid and len(notes) < _MOST_NOTES:
            notes.append(f"{line.header.strip()}: {parsed.fault}")
    foreign = {_place(line) for line in judged if not _is_held_out(line, texts, tokenizer)}
    return {
        "prompts": len({_place(line) for line in judged}),
        "completions": len(judged),
        "syntax_errors": len(judged) - valid,
        "valid_share": valid / len(judged) if judged else None,
        "prefix_valid": prefix_valid,
        "distinct_bodies": len(bodies),
        "foreign_prompts": len(foreign),
        "altered": altered,
        "decoding": about.settings.judged,
        "notes": notes,
    }


def _place(line: Generation) -> tuple[str, int, int]:
    return line.document_sha256, line.begin, line.end


def _is_held_out(line: Generation, texts: Mapping[str, str], tokenizer: object) -> bool:
    """Whether the prompt is that stretch of its document, ends in its header and has these tokens."""
    text = texts.get(line.document_sha256, "")
    ids = tokenizer.encode(line.prompt, add_special_tokens=False).ids  # type: ignore[attr-defined]
    return (
        0 <= line.begin < line.end <= len(text)
        and text[line.begin : line.end] == line.prompt
        and ("\n" + line.prompt).endswith("\n" + line.header)
        and list(ids) == line.prompt_ids
    )
