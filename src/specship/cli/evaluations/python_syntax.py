"""Python validity: function bodies written after held-out headers, parsed strictly."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

HELP = "how much of the Python that a model writes parses"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship eval python-syntax`."""
    parser.add_argument("model", type=Path, help="a checkpoint folder or a GGUF file")
    parser.add_argument("--text", type=Path, required=True, help="held-out Python: file, folder or corpus")
    parser.add_argument("--prompts", type=int, default=100, help="headers to complete (default: %(default)s)")
    parser.add_argument("--context-tokens", type=int, default=256, help="longest prompt")
    parser.add_argument("--new-tokens", type=int, default=128, help="token limit of a completion")
    parser.add_argument("--samples", type=int, default=1, help="completions a prompt")
    parser.add_argument("--temperature", type=float, default=0.0, help="0 is greedy")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:N or auto")
    parser.add_argument("--out", type=Path, help="every completion with its verdict, as JSON Lines")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    """Always 0: how many must parse stands in a contract, never in an option."""
    from specship.cli.extra import needs_pipeline

    needs_pipeline()
    from specship.cli.progress import progress
    from specship.files import write_file
    from specship.pipeline.evaluation.held_out_texts import read_texts
    from specship.pipeline.evaluation.model_identity import model_identity
    from specship.pipeline.evaluation.python_prompts import choose_prompts
    from specship.pipeline.evaluation.python_validity import complete_and_parse
    from specship.pipeline.inference.any_model import load_decoder, open_any_model

    _check(arguments)
    texts = read_texts(arguments.text, (".py",))
    opened = open_any_model(arguments.model)
    tokenizer = opened.tokenizer()
    longest = min(arguments.context_tokens, opened.shape.context - arguments.new_tokens)
    prompts = choose_prompts(
        texts.documents, tokenizer, count=arguments.prompts, context_tokens=max(1, longest)
    )
    decoder = load_decoder(opened, device=arguments.device, context=max(1, longest) + arguments.new_tokens)
    with progress("completing") as report:
        found = complete_and_parse(
            decoder,
            tokenizer,
            prompts,
            tokens=arguments.new_tokens,
            samples=arguments.samples,
            temperature=arguments.temperature,
            seed=arguments.seed,
            report=report,
        )
    if arguments.out:
        write_file(arguments.out, "".join(json.dumps(line) + "\n" for line in found.results))
    sampling = ("samples", "temperature", "seed", "new_tokens")
    answer = {
        "evaluation": "python-syntax",
        **found.as_json(),
        "settings": {name: getattr(arguments, name) for name in sampling} | {"context_tokens": longest},
        "text_digest": texts.digest,
        "skipped": [{"path": path, "reason": reason} for path, reason in texts.skipped],
        "engine": decoder.engine,
        "device": str(decoder.device),
        **model_identity(arguments.model, opened),
        "results": [
            {"header": line["header"].strip(), "valid": line["valid"], "fault": line["fault"]}
            for line in found.results
        ],
    }
    print(json.dumps(answer, indent=2) if arguments.format == "json" else _as_text(answer))
    return 0


def _check(arguments: argparse.Namespace) -> None:
    from specship.errors import UnusableInput

    for name in ("prompts", "context_tokens", "new_tokens", "samples"):
        if getattr(arguments, name) < 1:
            raise UnusableInput(
                f"--{name.replace('_', '-')} is {getattr(arguments, name)}", mend="give 1 or more"
            )
    if not 0 <= arguments.temperature < float("inf"):
        raise UnusableInput(f"--temperature is {arguments.temperature}", mend="give 0 or more")
    if arguments.temperature == 0 and arguments.samples != 1:
        raise UnusableInput(
            "greedy decoding has one completion a prompt",
            mend="give --temperature above 0, or leave --samples at 1",
        )


def _as_text(answer: dict[str, Any]) -> str:
    count = answer["completions"]
    lines = [
        f"completions      {count} of {answer['prompts']} prompts, {answer['distinct_bodies']} distinct",
        f"valid            {answer['valid']} of {count}",
        f"syntax errors    {answer['syntax_errors']} of {count}",
        f"valid beginning  {answer['prefix_valid']} of {count} (not what counts)",
        f"prompts          {answer['prompt_format']}: {answer['chat']['why']}",
    ]
    faults = [f"  {one['header']}  {one['fault']}" for one in answer["results"] if not one["valid"]]
    lines += ["first faults", *faults[:5]] if faults else []
    return "\n".join(lines + [f"skipped  {one['path']}: {one['reason']}" for one in answer["skipped"]])
