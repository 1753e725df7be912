"""Whether what a model writes after short headers is Python, judged again from the token ids."""

from __future__ import annotations

from typing import Final

from specship.pipeline.evaluation.inference_records import read_generations
from specship.pipeline.evaluation.recomputed_validity import recomputed_validity
from specship.pipeline.inference.any_model import open_any_model
from specship.probes.probe import Artifact, Figures, probe

_FIB: Final = "def fib(n):"
_MOST_NOTES: Final = 5


@probe(
    "completions.syntax",
    checked="completions",
    headers="headers",
    completions="completions",
    syntax_errors="errors",
    prefix_valid="completions",
    distinct_bodies="completions",
    nodes="nodes",
    fib_completions="completions",
    fib_errors="errors",
    altered="completions",
    decoding="text",
)
def completions_syntax(checkpoint: Artifact, completions: Artifact) -> Figures:
    """The whole function after the stop rule must parse; how many have a valid beginning stands beside it.

    `nodes` is the size of the largest tree among valid completions: `pass` after everything would be
    small. `fib_errors` are those after `def fib(n):`. `altered` counts completions whose stored text, body,
    prompt or length is not what their token ids come to, or that other weights wrote. Raises
    DamagedArtifact. Not looked at: whether the code does anything.
    """
    about, lines = read_generations(completions.path)
    opened = open_any_model(checkpoint.path)
    tokenizer, ends = opened.tokenizer(), opened.shape.eos_ids
    same_weights = about.weights_sha256 == opened.weights_digest()
    altered, nodes, errors, prefixes = 0, 0, 0, 0
    fibs: list[bool] = []
    bodies = set()
    notes: list[str] = []
    for line in lines:
        again = recomputed_validity(line, tokenizer, ends=ends, new_tokens=about.settings.new_tokens)
        parsed = again.parsed
        asked = list(tokenizer.encode(line.header, add_special_tokens=False).ids)
        prompted = (line.prompt, line.prompt_ids, line.decoding) == (
            line.header,
            asked,
            about.settings.judged,
        )
        altered += not (same_weights and prompted and again.as_recorded)
        nodes, prefixes = max(nodes, parsed.nodes), prefixes + (parsed.longest_prefix_lines > 0)
        errors += not parsed.valid
        bodies.add(again.body)
        if line.header == _FIB:
            fibs.append(parsed.valid)
        if not parsed.valid and len(notes) < _MOST_NOTES:
            notes.append(f"{line.header}: {parsed.fault}")
    return {
        "headers": len({line.header for line in lines}),
        "completions": len(lines),
        "syntax_errors": errors,
        "prefix_valid": prefixes,
        "distinct_bodies": len(bodies),
        "nodes": nodes,
        "fib_completions": len(fibs),
        "fib_errors": len(fibs) - sum(fibs),
        "altered": altered,
        "decoding": about.settings.judged,
        "notes": notes,
    }
