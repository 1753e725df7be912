"""The interpreter and the command of every process that measures.

`sys.executable` is a variable, and a conftest can set it. What cannot be set from Python is which file this
process runs and what lies beside it: the folder of the environment with its `pyvenv.cfg`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from specship.errors import UnusableInput

_START: Final = Path(__file__).with_name("isolated_start.py")
_RUNNING: Final = Path("/proc/self/exe")
"""On Linux, the file that this process runs."""


def interpreter() -> str:
    """This environment's own interpreter.

    Raises:
        UnusableInput: what `sys` says of it is not so.
    """
    program = Path(sys.executable)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    beside = [Path(sys.prefix, "bin", name) for name in (program.name, version, "python3", "python")]
    own = next((path for path in beside if path.is_file() and _is_running(path)), None)
    if own is not None and _is_whole(own):
        return str(own)
    if not _RUNNING.exists() and program.is_file():  # another system than Linux: nothing to compare with
        return str(program)
    raise UnusableInput(
        f"{sys.executable} in {sys.prefix} is not the interpreter that runs here",
        why="something in this process has set `sys.executable` or `sys.prefix`, and whoever measures "
        "would be started by it",
        mend="look into conftest.py and the plugins, which specship lists in the session's receipt",
    )


def _is_running(path: Path) -> bool:
    """Whether a path leads to the file that this process runs."""
    return not _RUNNING.exists() or os.path.realpath(path) == os.path.realpath(_RUNNING)


def _is_whole(path: Path) -> bool:
    """Whether it begins the environment that this process is in: a virtual one has its settings beside it."""
    virtual = sys.prefix != sys.base_prefix
    return not virtual or (path.parent.parent / "pyvenv.cfg").is_file()


def isolated(module: str, *arguments: str) -> list[str]:
    """The command that runs a module apart: no variable, no folder of a person, no start-up code reaches it.

    Raises:
        UnusableInput: this process's interpreter is not what `sys` says.
    """
    return [interpreter(), "-I", "-S", str(_START), module, *arguments]
