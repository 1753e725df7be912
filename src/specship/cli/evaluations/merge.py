"""Count the shards of one HumanEval evaluation together: every sample once, all under the same settings."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

HELP = "the score of a HumanEval evaluation from its shards"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship eval merge`."""
    parser.add_argument(
        "shards", type=Path, nargs="+", metavar="SHARD", help="what `eval humaneval --shard I/N --out` wrote"
    )
    parser.add_argument("--out", type=Path, help="outcomes of all of them, as one evaluation would have them")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    """0 when every sample was scored in a sound sandbox, 1 when not."""
    from specship.pipeline.evaluation.humaneval.merging import merge
    from specship.pipeline.evaluation.humaneval.report import as_text

    report = merge(arguments.shards, out=arguments.out)
    print(json.dumps(report, indent=2) if arguments.format == "json" else as_text(report))
    return 1 if report["error"] else 0
