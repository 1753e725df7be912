"""The key that a verb signs with: three ways to name it, the same for every verb."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specship.evidence.signing import SigningKey
    from specship.specs.project import Project


def add_signing_key(parser: argparse.ArgumentParser) -> None:
    """`--key` and `--agent`; the variable SPECSHIP_SIGNING_KEY where neither is given."""
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--key", type=Path, metavar="FILE", help="a private key, in no checkout, mode 0600")
    ways.add_argument(
        "--agent", nargs="?", const="", metavar="ID",
        help="a key of the ssh-agent: the one that the project trusts, or one by the beginning of its id",
    )  # fmt: skip


def named_key(arguments: argparse.Namespace, project: Project) -> SigningKey | None:
    """The key that was named; None where none was.

    Raises:
        UnusableInput: it cannot be used.
        RequirementMissing: there is no agent.
    """
    from specship.errors import UnusableInput
    from specship.evidence.keys.signing_keys import key_of_agent, key_of_file, key_of_variable

    variable = key_of_variable()
    if arguments.key is not None and arguments.key.exists() and not arguments.key.is_file():
        raise UnusableInput(
            "not a regular file", at=arguments.key, mend="name the file that `specship evidence keygen` wrote"
        )
    if arguments.key is not None:
        return key_of_file(arguments.key)
    if arguments.agent is not None:
        return key_of_agent(
            frozenset(entry.public for entry in project.configuration.trusted_keys), arguments.agent
        )
    return variable


def signing_key(arguments: argparse.Namespace, project: Project) -> SigningKey:
    """The key that was named.

    Raises:
        RequirementMissing: none was.
        UnusableInput: it cannot be used.
    """
    from specship.evidence.keys.signing_keys import no_key

    key = named_key(arguments, project)
    if key is None:
        raise no_key()
    return key
