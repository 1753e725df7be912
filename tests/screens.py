"""Pictures of a terminal for the docs: a real program in a terminal of a given size, drawn as SVG.

`python -m tests.editor.screenshot` makes the one of an editor. tmux is the terminal; what it shows is drawn by rich.
"""

import io
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text


def drawn(screen: str, *, columns: int, title: str) -> str:
    """What stands on a screen (text with ANSI colours) as SVG that fetches nothing."""
    console = Console(width=columns, record=True, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(screen), overflow="crop", no_wrap=True, crop=True)
    svg = console.export_svg(title=title, unique_id="screen")
    # Its fonts would be fetched from a server; every machine has a monospace font of its own.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


class Terminal:
    """A program in a terminal of its own, whose keys are pressed and whose screen is read."""

    def __init__(
        self, command: list[str], folder: Path, *, columns: int, rows: int, environment: Mapping[str, str]
    ) -> None:
        self.socket = folder / ".tmux"
        told = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(folder), f"env {told} {shlex.join(command)}")  # fmt: skip
        self._tmux("set", "-g", "status", "off")

    def _tmux(self, *words: str) -> str:
        tmux = shutil.which("tmux") or "tmux"
        done = subprocess.run([tmux, "-S", self.socket, *words], capture_output=True, text=True, check=True)
        return done.stdout

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def screen(self, *, colours: bool = False) -> str:
        return self._tmux("capture-pane", "-p", *(["-e"] if colours else []))

    def wait(self, shown: Callable[[str], bool], seconds: float = 60.0) -> None:
        """Wait until the screen shows something.

        Raises:
            TimeoutError: it does not come.
        """
        end = time.monotonic() + seconds
        while not shown(self.screen()):
            if time.monotonic() > end:
                raise TimeoutError(self.screen())
            time.sleep(0.1)

    def close(self) -> None:
        self._tmux("kill-server")
