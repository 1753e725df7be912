"""The option `--fact NAME=VALUE`: what somebody tells of a run because its records do not hold it."""

from __future__ import annotations

import argparse

from specship.errors import UnusableInput


def add_facts(parser: argparse.ArgumentParser, about: str) -> None:
    """The option, which may be repeated; `about` is its help."""
    parser.add_argument("--fact", type=_fact, action="append", default=[], metavar="NAME=VALUE", help=about)


def facts_told(facts: list[tuple[str, str]]) -> dict[str, str]:
    """The facts by name.

    Raises:
        UnusableInput: one is given twice.
    """
    told = dict(facts)
    if len(told) < len(facts):
        twice = next(name for name, _ in facts if sum(other == name for other, _ in facts) > 1)
        raise UnusableInput(f"--fact {twice} is given twice", mend="state it once")
    return told


def _fact(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise argparse.ArgumentTypeError("write NAME=VALUE")
    return name.strip().replace("-", "_"), value.strip()
