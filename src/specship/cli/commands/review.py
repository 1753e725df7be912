"""Say what a change of contracts, spec and profiles means, from git alone, and which version bump it demands.

REVISIONS is BASE..HEAD, BASE...HEAD (from where both went apart), or one revision, which is compared with the
working tree.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from specship.cli.streams import coloured
from specship.report.formats import REVIEW, TEXT, Display, names, render

HELP = "what a change weakens, what it stales, and the version bump it demands"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship review`."""
    parser.add_argument("revisions", metavar="REVISIONS", help="BASE..HEAD, BASE...HEAD or one revision")
    parser.add_argument(
        "--staged", action="store_true", help="compare with the index instead of the working tree"
    )
    parser.add_argument("--format", choices=names(REVIEW), default=TEXT)
    parser.add_argument("--no-cache", action="store_true", help="compute the answer again")


def run(arguments: argparse.Namespace) -> int:
    """0 when amendments declare what the change demands, 1 when they do not, 2 when a side cannot be read."""
    from specship.cli.isolation import insist_isolated

    insist_isolated("review")
    from specship.review.recall import Printed, keep, key_of, recalled

    start, colour = Path.cwd(), coloured()
    view = Display(width=shutil.get_terminal_size((120, 24)).columns, colour=colour)
    uncommitted = arguments.staged or ".." not in arguments.revisions
    options = (arguments.format, str(view.width), str(colour))
    key = None if arguments.no_cache or uncommitted else key_of(start, arguments.revisions, *options)
    printed = recalled(key)
    if printed is None:
        from specship.review.reviewing import review

        found = review(start, arguments.revisions, staged=arguments.staged)
        printed = Printed(render(REVIEW, arguments.format, found, view), 0 if found.declared else 1)
        keep(key, printed)
    sys.stdout.write(printed.text)
    return printed.status
