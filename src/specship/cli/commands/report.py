"""Write what the ledger supports as a page to look at, or put two of a kind beside each other.

`--compare A B` takes two revisions, two `report.json` of sessions, two runs (folders or logs) or two models.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from specship.cli.streams import coloured, verdicts
from specship.report.formats import SHIP, SIDE_BY_SIDE, TEXT, Display, names, render

if TYPE_CHECKING:
    from specship.exhibits.side_by_side import SideBySide

HELP = "the report as a page to look at; two commits, runs or models side by side"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship report`."""
    parser.add_argument(
        "--html", nargs="?", const="", metavar="FILE", help="write the page (default: .specship/report.html)"
    )
    parser.add_argument("--format", choices=names(SIDE_BY_SIDE), default=TEXT, help="of what is printed")
    parser.add_argument("--compare", nargs=2, metavar=("A", "B"), help="two of a kind side by side")
    parser.add_argument(
        "--comparison", action="append", default=[], type=Path, metavar="FILE",
        help="what `specship compare --format json` wrote, to be shown on the page; may be repeated",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """0 when the page could be made; 1 when the ledger or an artifact is damaged."""
    from specship.cli.isolation import insist_isolated

    insist_isolated("report")
    return _compare(arguments) if arguments.compare else _report(arguments)


def _report(arguments: argparse.Namespace) -> int:
    from specship.cli.progress import progress
    from specship.exhibits.gathering import with_exhibits
    from specship.specs.project import load_project
    from specship.suite.judging.report_building import build_report

    project = load_project(Path.cwd())
    with progress("ledger") as told:
        found = build_report(project, progress=lambda done, total: told(done, total, "entries"))
    found = with_exhibits(project, found, comparisons=arguments.comparison)
    if arguments.html is None:
        profile = frozenset({project.profile().profile})
        view = Display(width=_width(), colour=coloured(), detailed=profile)
        sys.stdout.write(render(SHIP, arguments.format, found, view))
    else:
        path = Path(arguments.html) if arguments.html else project.state / "report.html"
        _write(path, render(SHIP, "html", found, Display(up=_up(path, project.root))))
    return 1 if found.problems else 0


def _compare(arguments: argparse.Namespace) -> int:
    from specship.exhibits.side_by_side import beside

    a, b = arguments.compare
    found = beside(Path.cwd(), a, b) or _models(a, b)
    if arguments.html is None:
        text = render(SIDE_BY_SIDE, arguments.format, found, Display(width=_width()))
        sys.stdout.write(verdicts(text, arguments.format))
    else:
        _write(Path(arguments.html or "side-by-side.html"), render(SIDE_BY_SIDE, "html", found))
    return 0


def _models(a: str, b: str) -> SideBySide:
    from specship.cli.commands.compare import PROMPTS
    from specship.cli.extra import needs_pipeline

    needs_pipeline()
    from specship.cli.progress import progress
    from specship.exhibits.comparisons import compared_pair
    from specship.exhibits.side_by_side import SideBySide
    from specship.pipeline.comparison.comparing import compare
    from specship.pipeline.comparison.comparison import ComparisonTask

    with progress("compare") as told:
        work = ComparisonTask(texts=PROMPTS, steps=64, device="cpu", threads=1, report=told)
        found = compare(a, b, work, with_llama_cpp=False)
    return SideBySide(kind="models", a=a, b=b, pair=compared_pair(found))


def _width() -> int:
    return shutil.get_terminal_size((120, 24)).columns


def _up(path: Path, root: Path) -> str:
    """From the folder of a file to the project's, for links."""
    import os

    return f"{os.path.relpath(root, path.resolve().parent)}/"


def _write(path: Path, text: str) -> None:
    from specship.files import write_file

    write_file(path, text)
    print(path)
