"""Show a run while it is written, whoever writes it: how far, its figures, and what is wrong so far.

Without RUN it is the one of this project that was written to last.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from specship.cli.streams import coloured

HELP = "a run while it is written: how far, its figures, and what is wrong so far"
_LOG = "train.jsonl"
_SHARE = 5
"""Of the time at most one part in so many is spent on reading."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship watch`."""
    parser.add_argument(
        "folder", nargs="?", type=Path, metavar="RUN", help="default: the newest of this project"
    )
    parser.add_argument(
        "--every", type=float, default=2.0, metavar="SECONDS", help="between looks (default: 2)"
    )
    parser.add_argument("--once", action="store_true", help="look once, and end")


def run(arguments: argparse.Namespace) -> int:
    """0 when the run ended and nothing was found, or Ctrl-C ended the watching; 1 when something was found.

    Raises:
        UnusableInput: there is no run, or nothing that is known as one.
    """
    from specship.diagnose.opening import diagnose_run
    from specship.errors import UnusableInput
    from specship.report.watched_run import watched_run

    if not arguments.every > 0:
        raise UnusableInput("--every is no time", at=str(arguments.every), mend="give seconds above 0")
    folder = arguments.folder or _newest(Path.cwd())
    show, live = _screen(), coloured() and not arguments.once
    try:
        while True:
            began = time.monotonic()
            found = diagnose_run(folder)
            show(watched_run(found, width=shutil.get_terminal_size((100, 24)).columns), live)
            if arguments.once or found.facts.finished:
                return 1 if found.findings else 0
            time.sleep(max(arguments.every, _SHARE * (time.monotonic() - began)))
    except KeyboardInterrupt:
        return 0


def _screen() -> Callable[[str, bool], None]:
    """Writes a screen; on a terminal over the one before."""
    lines = 0

    def show(text: str, live: bool) -> None:
        nonlocal lines
        back = f"\x1b[{lines}A\x1b[J" if live and lines else ""
        sys.stdout.write(back + text)
        sys.stdout.flush()
        lines = text.count("\n")

    return show


def _newest(start: Path) -> Path:
    """The run of the project whose log was written to last.

    Raises:
        UnusableInput: there is no project here, or no run in it.
    """
    from specship.errors import UnusableInput
    from specship.specs.project import load_project

    state = load_project(start).state
    logs = [path for path in state.glob(f"artifacts/*/*/*/*/{_LOG}") if path.is_file()]
    if not logs:
        raise UnusableInput(
            "no run has begun to write its log here", at=state,
            mend="name the run's folder, or begin one: pytest -m ship",
        )  # fmt: skip
    return max(logs, key=lambda path: path.stat().st_mtime).parent
