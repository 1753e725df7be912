"""Print the matrix criterion ↔ gate ↔ probe ↔ fault ↔ evidence, and whatever stands alone in it."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

HELP = "which criterion rests on which gate, probe, fault and evidence, and what rests on nothing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship trace`."""
    parser.add_argument("--format", choices=("text", "markdown", "json", "csv"), default="text")
    parser.add_argument("--profile", metavar="NAME", help="whose evidence to show (default: the project's)")


def run(arguments: argparse.Namespace) -> int:
    """0 when the matrix could be made, orphans or not; 1 when the ledger or an artifact is damaged."""
    from specship.report.trace import csv as trace_csv
    from specship.report.trace import markdown as trace_markdown
    from specship.report.trace import text as trace_text
    from specship.specs.project import load_project
    from specship.suite.explain.tracing import trace_project

    trace = trace_project(load_project(Path.cwd()), arguments.profile)
    if arguments.format == "json":
        print(trace.model_dump_json(indent=2))
    elif arguments.format == "markdown":
        print(trace_markdown.render(trace), end="")
    elif arguments.format == "csv":
        print(trace_csv.render(trace), end="")
    else:
        width = shutil.get_terminal_size((120, 24)).columns
        print(trace_text.render(trace, width=width, colour=sys.stdout.isatty()), end="")
    return 1 if trace.problems else 0
