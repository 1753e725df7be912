"""Repeat gates on healthy material, and say how often a verdict would change by chance alone.

Without GATE all are asked that look at what healthy variants make. What was measured before is kept, so
that an interrupted run goes on where it was. The records are signed, in evidence/flip-rates/: commit them.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from specship.cli.signing_options import add_signing_key, named_key
from specship.report.formats import FLIP_RATE, TEXT, Display, names, render

if TYPE_CHECKING:
    from specship.specs.project import Project

HELP = "how often a gate would change its verdict on healthy material"
_MOST = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship flip-rate`."""
    parser.add_argument("gates", nargs="*", metavar="GATE", help="a gate; all where none is named")
    parser.add_argument(
        "--variants", type=int, metavar="N",
        help="how many healthy variants (default: those of the file); more are theirs with other seeds",
    )  # fmt: skip
    parser.add_argument("--profile", metavar="NAME", help="the scale (default: the one of falsification)")
    parser.add_argument("--recorded", action="store_true", help="what the records say; measure nothing")
    parser.add_argument("--format", choices=names(FLIP_RATE), default=TEXT)
    add_signing_key(parser)


def run(arguments: argparse.Namespace) -> int:
    """0; 1 where a verdict changed, a limit is too near, or a record is missing, stale or not believed."""
    from specship.cli.isolation import insist_isolated

    insist_isolated("flip-rate")
    from specship.specs.project import load_project
    from specship.suite.falsify.repeating import recorded
    from specship.suite.plan.fault_injection import falsification_profile

    project = load_project(Path.cwd())
    profile = project.profile(arguments.profile or falsification_profile(project)).profile
    left = {} if arguments.recorded else _measured(arguments, project, profile)
    report = recorded(project, profile, left, arguments.gates)
    view = Display(width=min(shutil.get_terminal_size((80, 24)).columns, 100))
    sys.stdout.write(render(FLIP_RATE, arguments.format, report, view))
    unsound = any(gate.changed or gate.stale or gate.signed for gate in report.gates)
    return 1 if unsound or report.often or report.left or report.problems or not report.gates else 0


def _measured(arguments: argparse.Namespace, project: Project, profile: str) -> dict[str, str]:
    """Measure and record; what could not be."""
    from specship.cli.progress import stages
    from specship.errors import UnusableInput
    from specship.report.formatting import duration
    from specship.suite.falsify.falsification import Falsification
    from specship.suite.falsify.repeating import healthy_file, record, repeat
    from specship.suite.plan.plan import plan_at

    count = arguments.variants
    if count is None:
        count = len(healthy_file(project).variants)
    if not 2 <= count <= _MOST:
        raise UnusableInput(
            f"--variants {count} is not from 2 to {_MOST}", mend="a deviation needs two figures"
        )
    key = named_key(arguments, project)
    with stages() as lines:
        falsification = Falsification(plan_at(project, profile), lines)
        began = time.monotonic()

        def told(done: int, total: int, variant: str) -> None:
            spent = time.monotonic() - began
            left = f"  about {duration(spent / done * (total - done))} left" if done else ""
            on = f"variant {done + 1}/{total}  {variant}{left}"
            lines({"event": "note", "text": on if done < total else f"{total} variants, {duration(spent)}"})

        try:
            found = repeat(falsification, count, arguments.gates, told)
        finally:
            falsification.close()
        for path in record(falsification, found, key):
            lines({"event": "note", "text": f"wrote {path.relative_to(project.root)}"})
    return found.left
