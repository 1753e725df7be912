"""Write each contract as a pytest module that a person can read and that runs without the plugin."""

from __future__ import annotations

import argparse
from pathlib import Path

from specship.cli.streams import document

HELP = "write contracts as pytest modules, or check the ones that are there"
FOLDER = "tests/compiled"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship compile`."""
    parser.add_argument("contract", nargs="*", help="contract ids or files (default: all)")
    parser.add_argument("--profile", metavar="NAME", help="whose limits to write (default: the project's)")
    parser.add_argument(
        "--output", metavar="DIR", type=Path, help=f"folder of the modules (default: {FOLDER} in the project)"
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 when a module is out of date"
    )
    mode.add_argument("--stdout", action="store_true", help="print the modules instead of writing them")


def run(arguments: argparse.Namespace) -> int:
    """0 when the modules are up to date, or were just written; 1 when `--check` finds another state."""
    from specship.report.compiled_folder import apply, compare, select, within
    from specship.specs.project import load_project
    from specship.suite.compile.compiling import module_name, module_text
    from specship.suite.plan.plan import make_plan

    project = load_project(Path.cwd())
    plan = make_plan(project, arguments.profile)
    files = select(project, arguments.contract)
    modules = {module_name(file): module_text(plan, file) for file in files}
    if arguments.stdout:
        document("\n".join(modules.values()))
        return 0
    folder = within(project, arguments.output or project.root / FOLDER)
    changes = compare(folder, modules, whole=not arguments.contract)
    if arguments.check:
        document("".join(change.diff for change in changes))
        return 1 if any(change.what for change in changes) else 0
    for change in changes:
        apply(change)
        print(f"{change.path}: {change.done}")
    return 0
