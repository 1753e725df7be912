"""Print what specship sees here, what is unusual first: the project, what is installed, the machine."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from specship.report.formats import CHECKUP, TEXT, Display, names, render

HELP = "what specship sees here, and what is unusual; for a bug report"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship doctor`."""
    parser.add_argument("--format", choices=names(CHECKUP), default=TEXT)


def run(arguments: argparse.Namespace) -> int:
    """0 when nothing stops work, unusual or not; 1 when something does."""
    from specship.suite.checkup.looking import check_up

    checkup = check_up(Path.cwd())
    view = Display(width=shutil.get_terminal_size((120, 24)).columns)
    sys.stdout.write(render(CHECKUP, arguments.format, checkup, view))
    return 1 if checkup.stopped else 0
