"""Generate text from a checkpoint folder or a GGUF file, with our own decoder."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "generate text from a checkpoint or a GGUF"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship run`."""
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("prompt")
    parser.add_argument("--tokens", type=int, default=128, help="most new tokens (default: %(default)s)")
    parser.add_argument("--temperature", type=float, default=0.0, help="0 is greedy (default)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:N or auto")


def run(arguments: argparse.Namespace) -> int:
    """Print the prompt and what follows it; always 0."""
    from specship.cli.extra import needs_pipeline

    needs_pipeline()
    from specship.pipeline.decoder import generate_text

    text = generate_text(
        arguments.checkpoint,
        arguments.prompt,
        tokens=arguments.tokens,
        temperature=arguments.temperature,
        seed=arguments.seed,
        device=arguments.device,
    )
    print(arguments.prompt + text)
    return 0
