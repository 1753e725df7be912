"""Draw `specship status` in a terminal of 80 columns into docs/images/status.svg: a release with a gate that fails.

Made by `python -m tests.report.screenshot`.
"""

import os
import sys
import tempfile
from pathlib import Path

from tests.places import ROOT
from tests.projects.merging import Merging
from tests.screens import Terminal, drawn

COLUMNS, ROWS = 80, 21


def session(folder: Path) -> str:
    """What is on the screen after the verb."""
    merging = Merging(folder / "project", folder / "keys")
    merging.measure({"GATE-SMALL-001": {"val_loss": 3.9}})
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    terminal = Terminal(
        ["bash", "--norc", "--noprofile"], merging.folder, columns=COLUMNS, rows=ROWS,
        environment={"PATH": path, "HOME": str(folder), "TERM": "tmux-256color", "PS1": "$ "},
    )  # fmt: skip
    try:
        terminal.wait(lambda screen: screen.startswith("$"))
        terminal.press("specship status --profile release", "Enter")
        terminal.wait(lambda screen: "more of one" in screen)
        return terminal.screen(colours=True)
    finally:
        terminal.close()


def main() -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        screen = session(Path(folder))
    (ROOT / "docs/images/status.svg").write_text(drawn(screen, columns=COLUMNS, title="specship status"))


if __name__ == "__main__":
    main()
