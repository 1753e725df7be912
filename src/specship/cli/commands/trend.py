"""Show how figures went, from the ledger and git: lines that draw, a drawing, or a badge of today's ship-%.

NAME is a criterion, a gate or a quantity; without one, every quantity that ever moved is shown, and
the ship-%.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from specship.report.formats import BADGE, TEXT, TREND, Display, names, render

if TYPE_CHECKING:
    from specship.status.report import Report

HELP = "how a criterion, gate or quantity went over the ledger and git; badges"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship trend`."""
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="a criterion, gate or quantity")
    parser.add_argument("--model", default="", metavar="ID")
    parser.add_argument("--profile", default="", metavar="NAME", help="(default: the project's)")
    parser.add_argument(
        "--commits", type=int, default=8, metavar="N",
        help="over how many commits that added evidence or an amendment (default: %(default)s; 0: none)",
    )  # fmt: skip
    parser.add_argument("--format", choices=names(TREND), default=TEXT)
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write the drawing into a file")
    parser.add_argument(
        "--badge", type=Path, metavar="FILE",
        help="write a badge instead: FILE.json for the endpoint of shields.io, or FILE.svg",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """0 when it could be computed; 1 when the ledger or an artifact is damaged."""
    from specship.cli.isolation import insist_isolated

    insist_isolated("trend")
    from specship.cli.progress import progress
    from specship.files import write_file
    from specship.specs.project import load_project
    from specship.suite.judging.report_building import build_report

    project = load_project(Path.cwd())
    profile = project.profile(arguments.profile or None).profile
    with progress("ledger") as told:
        report = build_report(project, progress=lambda done, total: told(done, total, "entries"))
    if arguments.badge:
        ending = arguments.badge.suffix.removeprefix(".")
        write_file(
            arguments.badge, render(BADGE, _badge_format(ending), _one(report, arguments.model, profile))
        )
        print(arguments.badge)
        return 1 if report.problems else 0
    from specship.exhibits.trends import trend

    found = trend(
        project, report, arguments.name, model=arguments.model, profile=profile,
        commits=max(0, arguments.commits),
    )  # fmt: skip
    if arguments.svg:
        write_file(arguments.svg, render(TREND, "svg", found))
        print(arguments.svg)
    else:
        width = shutil.get_terminal_size((120, 24)).columns
        sys.stdout.write(render(TREND, arguments.format, found, Display(width=width)))
    return 1 if report.problems else 0


def _badge_format(ending: str) -> str:
    from specship.errors import UnknownName

    if ending not in BADGE.names:
        raise UnknownName(
            f"a badge does not end in {ending!r:.20}", mend=f"end its file in {', '.join(BADGE.names)}"
        )
    return ending


def _one(report: Report, model: str, profile: str) -> Report:
    """The report of one model at one profile."""
    from specship.errors import UnknownName, UnusableInput

    own = [one for one in report.models if one.profile == profile]
    chosen = [one for one in own if one.model == (model or one.model)]
    known = ", ".join(one.model for one in own)
    if not chosen:
        raise UnknownName(f"there is no model {model!r:.80}", mend=f"there are: {known}")
    if len(chosen) > 1:
        raise UnusableInput("a badge is about one model", mend=f"name it with --model: {known}")
    return report.model_copy(update={"models": tuple(chosen)})
