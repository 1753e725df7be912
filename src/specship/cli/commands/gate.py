"""Decide whether a change may be merged, from git alone: the one command of a CI job.

Asked are the reading of every file, lint, what was weakened and whether an amendment says so, the version,
the ledger, whom it is signed by, gates that fail, arming, and the ship-% against base. Nothing of the project
is imported or run, nothing is fetched, and no torch is needed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from specship.cli.streams import coloured
from specship.report.formats import GATE, TEXT, Display, names, render

HELP = "what speaks against merging a change; the one command of a CI job"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship gate`."""
    parser.add_argument(
        "--base", metavar="REF", required=True, help="the branch that the change is to go into"
    )
    parser.add_argument("--head", metavar="REF", default="HEAD", help="the change; HEAD when not given")
    parser.add_argument(
        "--staged", action="store_true", help="what `git commit` would commit, instead of --head"
    )
    parser.add_argument(
        "--fail-under", metavar="PERCENT", help="least ship-%% of a release; `base`: no number may fall"
    )
    parser.add_argument("--format", choices=names(GATE), default=TEXT)
    parser.add_argument(
        "--write",
        metavar="FORMAT=PATH",
        action="append",
        default=[],
        help="write another format to a file as well",
    )


def run(arguments: argparse.Namespace) -> int:
    """0 when nothing speaks against it, 1 when something does, 2 when it cannot be read."""
    from specship.cli.isolation import insist_isolated

    insist_isolated("gate")
    from specship.files import write_file
    from specship.garbage import all_stays, undisturbed
    from specship.pull_request.deciding import MergeQuestion, decide

    files = [_file(given) for given in arguments.write]
    floor, fall = _floor(arguments.fail_under)
    question = MergeQuestion(arguments.base, None if arguments.staged else arguments.head, floor, fall)
    with undisturbed():
        decision = decide(Path.cwd(), question)
        all_stays()  # until the process ends: a search through all statements would find nothing
    for name, path in files:
        write_file(path, render(GATE, name, decision))
    view = Display(width=shutil.get_terminal_size((120, 24)).columns, colour=coloured())
    sys.stdout.write(render(GATE, arguments.format, decision, view))
    return decision.exit_status


def _file(given: str) -> tuple[str, Path]:
    from specship.errors import UnknownName, UnusableInput, did_you_mean

    name, sign, path = given.partition("=")
    if not sign or not path:
        raise UnusableInput(
            f"--write {given!r} names no file", mend="write it as FORMAT=PATH: sarif=gate.sarif"
        )
    if name not in names(GATE):
        known = ", ".join(names(GATE))
        raise UnknownName(
            f"there is no format {name!r}", mend=did_you_mean(name, names(GATE)) or f"one of: {known}"
        )
    return name, Path(path)


def _floor(given: str | None) -> tuple[float | None, bool]:
    """The least percentage, and whether no number may fall."""
    from specship.errors import UnusableInput

    if given is None or given == "base":
        return None, given == "base"
    try:
        percent = float(given)
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 100:
        raise UnusableInput(
            f"--fail-under {given!r} is no percentage", mend="give a number from 0 to 100, or `base`"
        )
    return percent, False
