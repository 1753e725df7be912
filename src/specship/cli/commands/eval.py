"""Evaluate a model, or score what it wrote."""

from __future__ import annotations

import argparse

from specship.cli.listing import command_in, helps_in
from specship.discovery import Folder

EVALUATIONS = Folder("specship.cli.evaluations")
HELP = "evaluate a model, or score what it wrote"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions of `specship eval`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in helps_in(EVALUATIONS).items():
        module = command_in(EVALUATIONS, name)
        own = actions.add_parser(name, help=text, description=module.__doc__)
        module.add_arguments(own)
        own.set_defaults(evaluate=module.run)


def run(arguments: argparse.Namespace) -> int:
    """What the action returns."""
    return int(arguments.evaluate(arguments))
