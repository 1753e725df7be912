"""The story of a spec, and what audits from outside found, held against the evidence of today."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from specship.cli.streams import verdicts
from specship.report.formats import AUDITS, HISTORY, TEXT, names, render

HELP = "versions, lessons and open recommendations of the spec; findings of audits today"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship spec`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    history = actions.add_parser("history", help="every amendment: version, what moved, why, lessons, advice")
    history.add_argument("--format", choices=names(HISTORY), default=TEXT)
    audits = actions.add_parser(
        "audits", help="every finding of an audit: open, resolved or superseded today"
    )
    audits.add_argument("--format", choices=names(AUDITS), default=TEXT)
    audits.add_argument("--profile", metavar="NAME", help="whose evidence counts (default: the project's)")


def run(arguments: argparse.Namespace) -> int:
    """0, or 1 where an amendment calls something resolved or superseded and nothing says so."""
    return {"history": _history, "audits": _audits}[arguments.action](arguments)


def _history(arguments: argparse.Namespace) -> int:
    from specship.specs.project import load_project

    sys.stdout.write(render(HISTORY, arguments.format, load_project(Path.cwd()).spec))
    return 0


def _audits(arguments: argparse.Namespace) -> int:
    from specship.amend.audits import audit_problems, audit_standings
    from specship.evidence.ledger import read_ledger
    from specship.specs.project import load_project
    from specship.suite.judging.report_building import report_models
    from specship.suite.judging.trust import all_keys
    from specship.suite.plan.plan import make_plan

    project = load_project(Path.cwd())
    plan = make_plan(project, arguments.profile)
    ledger = read_ledger(project.ledger_folders, keys=all_keys(project))
    standings = audit_standings(project.spec.history, report_models(plan, ledger, []))
    sys.stdout.write(verdicts(render(AUDITS, arguments.format, standings), arguments.format))
    return 1 if audit_problems(standings) else 0
