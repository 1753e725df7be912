"""Print what the ledger supports: the status of each criterion and the ship-%, for every profile."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from specship.cli.streams import coloured
from specship.report.formats import SHIP, TEXT, TRACKING, Display, names, render, write

HELP = "ship-%% of each model and profile, and why"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship status`."""
    parser.add_argument("--format", choices=names(SHIP), default=TEXT)
    parser.add_argument(
        "--write",
        nargs=2,
        metavar=("TRACKER", "FOLDER"),
        help=f"write the figures of the report into a folder, as {', '.join(names(TRACKING))}",
    )
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument(
        "-q", "--quiet", dest="amount", action="store_const", const=-1, default=0,
        help="the numbers, and what fails (text)",
    )  # fmt: skip
    amount.add_argument(
        "-v", "--verbose", dest="amount", action="store_const", const=1, default=0,
        help="every quantity of every gate (text)",
    )  # fmt: skip
    parser.add_argument("--profile", help="show the gates of this profile only (text)")


def run(arguments: argparse.Namespace) -> int:
    """0 when the report could be computed; 1 when the ledger or an artifact is damaged."""
    from specship.cli.isolation import insist_isolated

    insist_isolated("status")
    from specship.cli.progress import progress
    from specship.errors import UnknownName
    from specship.specs.project import load_project
    from specship.suite.judging.report_building import build_report

    tracker, folder = arguments.write or ("", "")
    if tracker and tracker not in TRACKING.names:
        raise UnknownName(
            f"no tracker is called {tracker!r:.60}", mend=f"write one of {', '.join(TRACKING.names)}"
        )
    project = load_project(Path.cwd())
    if arguments.profile:
        project.profile(arguments.profile)
    with progress("ledger") as told:
        report = build_report(project, progress=lambda done, total: told(done, total, "entries"))
    if tracker:
        for path in write(tracker, report, Path(folder)):
            print(path)
        return 1 if report.problems else 0
    detailed = frozenset({arguments.profile} if arguments.profile else project.spec.profiles)
    width = shutil.get_terminal_size((140, 24)).columns
    view = Display(width=width, colour=coloured(), detailed=detailed, amount=arguments.amount)
    sys.stdout.write(render(SHIP, arguments.format, report, view))
    return 1 if report.problems else 0
