"""Where models are made: what is dear once for all workers of a run, the rest in a folder of the process."""

import atexit
import fcntl
import functools
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

SHARED: Final = "SPECSHIP_TESTS_SHARED"
"""Names the folder that `tests/conftest.py` makes for a run; workers and their children inherit it."""


def once(name: str, build: Callable[[Path], object]) -> Path:
    """A folder of this name, filled by `build`; one process builds and the others wait. Nobody changes it.

    The name says all that the content depends on. A folder without its mark is one whose builder failed.
    """
    folder = Path(os.environ[SHARED], name)
    mark = folder.with_name(f"{folder.name}.made")
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            build(folder)
            mark.touch()
    return folder


@functools.cache
def base() -> Path:
    """A folder of this process, removed at its end."""
    folder = Path(tempfile.mkdtemp(prefix="specship-base-", dir=os.environ[SHARED]))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
