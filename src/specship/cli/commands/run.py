"""Generate text from a checkpoint folder or a GGUF file, with our own decoder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from specship.cli.streams import document
from specship.errors import UnusableInput

HELP = "generate text from a checkpoint or a GGUF"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship run`."""
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("prompt")
    parser.add_argument("--chat", action="store_true", help="render the prompt by the model's chat template")
    parser.add_argument("--system", help="a system message before the prompt; with --chat")
    parser.add_argument("--tokens", type=int, default=128, help="most new tokens (default: %(default)s)")
    parser.add_argument("--temperature", type=float, default=0.0, help="0 is greedy (default)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--compile",
        action="store_true",
        help="weights as stored, and a step that the C compiler here makes in a second (CUDA: a graph)",
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:N or auto")


def run(arguments: argparse.Namespace) -> int:
    """Print the prompt and what follows it; always 0."""
    from specship.cli.extra import needs_pipeline

    needs_pipeline()
    if arguments.chat:
        return _chat(arguments)
    if arguments.system is not None:
        raise UnusableInput("--system belongs to --chat", mend="give both, or neither")
    from specship.pipeline.inference.generated_text import generate_text

    text = generate_text(
        arguments.checkpoint,
        arguments.prompt,
        tokens=arguments.tokens,
        temperature=arguments.temperature,
        seed=arguments.seed,
        device=arguments.device,
        compiled=arguments.compile,
    )
    document(f"{arguments.prompt}{text}\n")
    return 0


def _chat(arguments: argparse.Namespace) -> int:
    """Print the rendered conversation and the answer to it; always 0."""
    from specship.pipeline.chat.decision import chat_decision
    from specship.pipeline.chat.rendering import render
    from specship.pipeline.checkpoint.recognition import refuse_no_model

    refuse_no_model(arguments.checkpoint)
    messages = [] if arguments.system is None else [{"role": "system", "content": arguments.system}]
    prompt = render(arguments.checkpoint, [*messages, {"role": "user", "content": arguments.prompt}])
    decision = chat_decision(arguments.checkpoint)
    if not decision.wants:
        print(f"note: {decision.why}", file=sys.stderr)
    from specship.pipeline.inference.generated_text import generate_text

    ending = () if decision.end_of_turn_id is None else (decision.end_of_turn_id,)
    text = generate_text(
        arguments.checkpoint,
        prompt,
        tokens=arguments.tokens,
        temperature=arguments.temperature,
        seed=arguments.seed,
        device=arguments.device,
        compiled=arguments.compile,
        rendered=True,
        stop_ids=(*decision.stop_ids, *ending),
    )
    document(f"{prompt}{text}\n")
    return 0
