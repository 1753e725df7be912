"""Evaluate a model, or score what it wrote."""

from __future__ import annotations

import argparse
import importlib

from specship.cli.listing import helps_in

HELP = "evaluate a model, or score what it wrote"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions of `specship eval`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in helps_in("evaluations").items():
        module = importlib.import_module(f"specship.cli.evaluations.{name.replace('-', '_')}")
        own = actions.add_parser(name, help=text, description=(module.__doc__ or "").replace("%", "%%"))
        module.add_arguments(own)
        own.set_defaults(evaluate=module.run)


def run(arguments: argparse.Namespace) -> int:
    """What the action returns."""
    return int(arguments.evaluate(arguments))
