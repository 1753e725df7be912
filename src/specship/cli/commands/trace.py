"""Print the matrix criterion ↔ gate ↔ probe ↔ fault ↔ evidence, and whatever stands alone in it."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from specship.cli.streams import coloured
from specship.report.formats import TEXT, TRACE, Display, names, render

HELP = "which criterion rests on which gate, probe, fault and evidence, and what rests on nothing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship trace`."""
    parser.add_argument("--format", choices=names(TRACE), default=TEXT)
    parser.add_argument("--profile", metavar="NAME", help="whose evidence to show (default: the project's)")


def run(arguments: argparse.Namespace) -> int:
    """0 when the matrix could be made, orphans or not; 1 when the ledger or an artifact is damaged."""
    from specship.cli.isolation import insist_isolated

    insist_isolated("trace")
    from specship.specs.project import load_project
    from specship.suite.explain.tracing import trace_project

    trace = trace_project(load_project(Path.cwd()), arguments.profile)
    view = Display(width=shutil.get_terminal_size((120, 24)).columns, colour=coloured())
    sys.stdout.write(render(TRACE, arguments.format, trace, view))
    return 1 if trace.problems else 0
