"""Print the matrix of faults and gates, and write down which gates were seen to fail."""

from __future__ import annotations

import argparse
from pathlib import Path

from specship.cli.signing_options import add_signing_key, named_key
from specship.cli.streams import coloured

HELP = "which fault is caught by which gate, and which gates catch nothing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship faults`."""
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument(
        "--arm", action="store_true",
        help="write evidence/arming/ from what `pytest -m falsify` measured here",
    )  # fmt: skip
    add_signing_key(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 when every gate that can be shown here is armed, 1 when one is not or a record is damaged."""
    from specship.report import fault_matrix
    from specship.specs.project import load_project
    from specship.suite.falsify.arming import arm
    from specship.suite.falsify.matrix import read_matrix

    project = load_project(Path.cwd())
    matrix = read_matrix(project)
    armed = None
    if arguments.arm:
        armed = arm(project, matrix.pairs, named_key(arguments, project))
        matrix = read_matrix(project)
    if arguments.format == "json":
        print(matrix.model_dump_json(indent=2))
    else:
        print(fault_matrix.render(matrix, colour=coloured()), end="")
        if armed is not None:
            print(fault_matrix.armed(armed, project.root), end="")
    return 0 if not matrix.problems and all(gate.armed or gate.blocked for gate in matrix.gates) else 1
