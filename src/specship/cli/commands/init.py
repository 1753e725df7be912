"""Begin a project: a spec, a contract, a probe, a fault and some text, with gates that run at once."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path

HELP = "make a working project in an empty folder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship init`."""
    parser.add_argument("folder", nargs="?", type=Path, default=Path(), help="where (default: here)")
    parser.add_argument("--name", help="name of the project (default: the folder's)")
    parser.add_argument(
        "--template",
        choices=("imported", "trained", "external"),
        help="for a checkpoint that you have, a training of specship's own, or a run of another trainer "
        "(default: a starter about text, with a probe and a fault of its own)",
    )


def run(arguments: argparse.Namespace) -> int:
    """0 when the project was written; whatever is in the way is an error, and nothing is written."""
    if arguments.template:
        return _from_template(arguments)
    from specship.suite.scaffold.project import begin_project

    begun = begin_project(arguments.folder, arguments.name)
    for file in begun.files:
        print(f"wrote {file}")
    for note in begun.notes:
        print(f"note: {note}")
    here = shlex.quote(os.path.relpath(begun.root).encode(errors="replace").decode())
    print("\nnext:")
    if here != ".":
        print(f"  cd {here}")
    print("  pytest -m ship                     # run the gates")
    print("  pytest -m falsify                  # see each gate fail: only then its pass counts")
    print("  specship faults --arm              # sign that, and commit evidence/arming")
    print("  specship status                    # what the evidence supports")
    print(f"  specship explain {begun.unbound}   # the gate that waits for a probe")
    return 0


def _from_template(arguments: argparse.Namespace) -> int:
    from specship.suite.adopting.adopting import begin_from_template

    begun = begin_from_template(arguments.folder, arguments.template, arguments.name)
    for file in begun.files:
        print(f"wrote {file}")
    for note in begun.notes:
        print(f"note: {note}")
    for identity, gate in begun.gates:
        if gate.left or not gate.limits:
            waits = ", ".join(gate.left) or gate.gate.rule
            print(f"TODO {identity}: {waits}")
    print("\nnext:")
    print(f"  read specs/{begun.name}/profiles: where things lie, and how large they are")
    print("  pytest -m ship")
    print("  pytest -m falsify && specship faults --arm")
    return 0
