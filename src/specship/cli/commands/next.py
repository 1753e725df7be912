"""Rank what is open by the ship-% that it gains for each hour, along the graph of dependencies."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from specship.cli.streams import verdicts
from specship.report.formats import BACKLOG, TEXT, names, render

HELP = "open criteria and recommendations by ship-%% gained for each hour; what fits some hours"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship next`."""
    parser.add_argument("--format", choices=names(BACKLOG), default=TEXT)
    parser.add_argument("--profile", metavar="NAME", help="at which scale (default: the release)")
    parser.add_argument("--gpu-hours", type=_hours, metavar="H", help="hours of the device that there are")
    parser.add_argument("--person-hours", type=_hours, metavar="H", help="hours of people that there are")


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = math.nan
    if not 0 <= hours < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of hours")
    return hours


def run(arguments: argparse.Namespace) -> int:
    """0 whatever is open: it is no finding that work is left."""
    from specship.cli.isolation import insist_isolated

    insist_isolated("next")
    from specship.specs.project import load_project
    from specship.status.backlog_records import Hours
    from specship.suite.judging.open_backlog import open_backlog

    given = (arguments.gpu_hours, arguments.person_hours)
    none = float(10**9)
    gpu, person = (none if one is None else one for one in given)
    budget = None if given == (None, None) else Hours(gpu_hours=gpu, person_hours=person)
    found = open_backlog(load_project(Path.cwd()), arguments.profile, budget)
    sys.stdout.write(verdicts(render(BACKLOG, arguments.format, found), arguments.format))
    return 0
