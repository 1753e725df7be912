"""Compare a checkpoint folder with a GGUF file that llama.cpp opens in a process of its own."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

HELP = "compare a checkpoint with a GGUF in llama.cpp"
PROMPTS = (
    "def main():\n",
    "import os\nimport sys\n",
    "class Node:\n    def __init__(self",
    "for index in range(",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship compare`."""
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("gguf", type=Path)
    parser.add_argument("--prompt", action="append", help="text to continue; may be repeated")
    parser.add_argument("--steps", type=int, default=8, help="greedy steps a prompt (default: %(default)s)")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    """0 when every tensor and token agrees, 1 when one departs."""
    from specship.cli.extra import needs_pipeline

    needs_pipeline()
    from specship.pipeline.parity import compare

    prompts = arguments.prompt or PROMPTS
    found = compare(arguments.checkpoint, arguments.gguf, prompts, steps=arguments.steps)
    if arguments.format == "json":
        print(json.dumps(found, indent=2))
    else:
        print(f"tokens compared        {found['tokens_compared']}")
        print(f"top-1 agreement        {found['top1_agreement']:.4f}")
        print(f"mean KL                {found['mean_kl']} nats/token")
        print(f"largest logit apart    {found['max_abs_logit']}")
        print(f"tensors compared       {len(found['tensors'])}")
        print(f"first departing stage  {found['first_departing_stage'] or 'none'}")
    return 1 if found["first_departing_stage"] else 0
