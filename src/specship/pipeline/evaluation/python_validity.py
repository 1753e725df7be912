"""How much of what a model writes after held-out Python headers is syntactically valid.

The strict judge counts: the whole function after the stop rule must parse. What the longest beginning
that parses would have said is reported beside it and never instead of it. See `python_syntax`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

from specship.pipeline.evaluation.body_completion import complete_body
from specship.pipeline.evaluation.python_prompts import Prompt
from specship.pipeline.evaluation.python_syntax import STOP_RULE, parse_function
from specship.pipeline.inference.drawing import Sampling
from specship.pipeline.inference.text_decoder import TextDecoder


@dataclass(frozen=True, slots=True)
class PythonValidity:
    """Every completion with its verdict."""

    results: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """Counts; each says of how many."""
        valid = sum(one["valid"] for one in self.results)
        return {
            "prompts": len({(one["document_sha256"], one["begin"]) for one in self.results}),
            "completions": len(self.results),
            "valid": valid,
            "syntax_errors": len(self.results) - valid,
            "prefix_valid": sum(one["longest_prefix_lines"] > 0 for one in self.results),
            "distinct_bodies": len({one["body"] for one in self.results}),
            "stop_rule": STOP_RULE,
        }


def _silent(_done: float, _total: float, _unit: str) -> None:
    """Report to nobody."""


def complete_and_parse(
    decoder: TextDecoder,
    tokenizer: Tokenizer,
    prompts: Sequence[Prompt],
    *,
    tokens: int,
    samples: int = 1,
    temperature: float = 0.0,
    seed: int = 1,
    report: Callable[..., None] = _silent,
) -> PythonValidity:
    """Complete each prompt `samples` times, each completion under a seed of its own, and parse all.

    Raises:
        UnusableInput: a prompt and its completion exceed the decoder's context.
    """
    results = []
    total = samples * len(prompts)
    for at in range(total):
        sampling = Sampling(temperature=temperature, seed=seed + at)
        line = complete_body(decoder, tokenizer, prompts[at % len(prompts)], sampling, tokens)
        parsed = parse_function(line["header"], line["body"])
        results.append({
            **line,
            "valid": parsed.valid,
            "longest_prefix_lines": parsed.longest_prefix_lines,
            "nodes": parsed.nodes,
            "fault": parsed.fault,
        })  # fmt: skip
        report(at + 1, total, "completions")
    return PythonValidity(tuple(results))
