"""Check contracts and spec by rules with stable codes; `specship explain CODE` tells more about one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from specship.cli.streams import document
from specship.report.formats import LINT, TEXT, names, render

HELP = "check contracts and spec; --fix mends what is safe to mend"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship lint`."""
    parser.add_argument("path", nargs="*", help="show findings in these files and folders only")
    parser.add_argument("--format", choices=names(LINT), default=TEXT)
    parser.add_argument("--select", metavar="CODES", action="append", default=[], help="only these rules")
    parser.add_argument("--ignore", metavar="CODES", action="append", default=[], help="all but these rules")
    parser.add_argument(
        "--fix", action="store_true", help="mend what can be mended without changing a meaning"
    )
    parser.add_argument("--no-cache", action="store_true", help="compute the answer again")
    parser.add_argument("--list", action="store_true", help="print every rule as Markdown (docs/lint.md)")


def run(arguments: argparse.Namespace) -> int:
    """0 without findings, 1 with findings, 2 when a file cannot be used."""
    from specship.cli.isolation import insist_isolated

    insist_isolated("lint")
    from specship.suite.plan.linting import Question, lint, lint_and_fix

    if arguments.list:
        from specship.report.lint_reference import reference_page

        document(reference_page())
        return 0
    select, ignore = (
        tuple(code.strip() for text in given for code in text.split(","))
        for given in (arguments.select, arguments.ignore)
    )
    question = Question(Path.cwd(), tuple(arguments.path), select, ignore)
    result = lint_and_fix(question) if arguments.fix else lint(question, cache=not arguments.no_cache)
    sys.stdout.write(render(LINT, arguments.format, result))
    return result.exit_status
