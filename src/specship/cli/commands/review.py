"""Say what a change of contracts, spec and profiles means, from git alone, and which version bump it demands.

REVISIONS is BASE..HEAD, BASE...HEAD (from where both went apart), or one revision, which is compared with the
working tree.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from specship.report.formats import REVIEW, TEXT, Display, names, render

HELP = "what a change weakens, what it stales, and the version bump it demands"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship review`."""
    parser.add_argument("revisions", metavar="REVISIONS", help="BASE..HEAD, BASE...HEAD or one revision")
    parser.add_argument(
        "--staged", action="store_true", help="compare with the index instead of the working tree"
    )
    parser.add_argument("--format", choices=names(REVIEW), default=TEXT)


def run(arguments: argparse.Namespace) -> int:
    """0 when amendments declare what the change demands, 1 when they do not, 2 when a side cannot be read."""
    from specship.review.reviewing import review

    found = review(Path.cwd(), arguments.revisions, staged=arguments.staged)
    view = Display(width=shutil.get_terminal_size((120, 24)).columns, colour=sys.stdout.isatty())
    sys.stdout.write(render(REVIEW, arguments.format, found, view))
    return 0 if found.declared else 1
