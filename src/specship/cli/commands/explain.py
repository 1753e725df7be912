"""Explain an id: its rule or statement, each limit with its origin, the last evidence, what would mend it."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from specship.cli.streams import verdicts
from specship.report.formats import TEXT

HELP = "what a gate, criterion, model, probe, fault or code means, and what would mend it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship explain`."""
    parser.add_argument(
        "id",
        help="GATE-…, AC-…, MODEL-…, SHIP…, a probe or fault; or a list: gates, criteria, probes, faults, "
        "artifacts, units, codes",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    """0 when the id is known; 1 when it is, and the ledger it is judged by is damaged."""
    from specship.cli.isolation import insist_isolated

    insist_isolated("explain")
    from specship.report.explained import render
    from specship.suite.explain.explaining import explain

    found = explain(Path.cwd(), arguments.id)
    if arguments.format == "json":
        print(found.model_dump_json(indent=2))
    else:
        width = min(shutil.get_terminal_size((110, 24)).columns, 120)
        print(verdicts(render(found, width=width), TEXT), end="")
    return 1 if getattr(found, "problems", ()) else 0
