"""specship and pytest as a person starts them: real programs in processes of their own."""

import subprocess
import sys
from pathlib import Path
from typing import Final

SCRIPTS: Final = Path(sys.executable).parent
"""Where this environment keeps its console scripts."""


def specship(*arguments: str | Path, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The console script, run in a folder."""
    return subprocess.run(
        [SCRIPTS / "specship", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def run_pytest(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """pytest, run in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
