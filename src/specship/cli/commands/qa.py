"""Examine a model that nobody here has seen: eight blocking gates on a checkpoint folder or a GGUF file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from specship.cli.streams import verdicts

HELP = "run the eight quality gates on a checkpoint folder or a GGUF"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship qa`."""
    parser.add_argument("model", type=Path, help="folder with config.json, or a GGUF file")
    parser.add_argument("--golden", type=Path, metavar="FILE", help="texts that the greedy ones must equal")
    parser.add_argument("--write-golden", type=Path, metavar="FILE", help="keep this model's greedy texts")
    parser.add_argument(
        "--beside",
        type=Path,
        metavar="PATH",
        help="its GGUF or its folder, where one runner alone computes it",
    )
    parser.add_argument("--threads", type=int, default=1, help="of the runners (default: %(default)s)")
    parser.add_argument("--device", default="cpu", help="of the reference runner: cpu, cuda, cuda:N or auto")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    """0 when all eight gates were executed and passed, 1 otherwise."""
    from specship.cli.extra import needs_pipeline

    needs_pipeline()
    from specship.cli.progress import progress
    from specship.pipeline.qa.golden_file import write_golden
    from specship.pipeline.qa.runner import examine
    from specship.pipeline.qa.subject import Subject

    with progress("qa") as report:
        subject = Subject(
            path=arguments.model,
            golden=arguments.golden,
            beside=arguments.beside,
            threads=max(1, arguments.threads),
            device=arguments.device,
            report=report,
        )
        found = examine(subject)
    if arguments.write_golden is not None:
        write_golden(found, arguments.write_golden)
    text = json.dumps(found.as_json(), indent=2) if arguments.format == "json" else found.as_text()
    print(verdicts(text, arguments.format))
    return 0 if found.sound else 1
