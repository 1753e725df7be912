"""A process that computes beside a project that nobody trusts: none of its files may come along as code.

Python imports from places that variables name (`PYTHONPATH`) and, started by `-m`, from the folder it is
started in: `sitecustomize` there, or a distribution with an entry point, would run before it is decided.
"""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path
from typing import Final

from specship.interpreter import isolated

_HARMLESS: Final = frozenset({
    "PYTHONCOERCECLOCALE", "PYTHONDONTWRITEBYTECODE", "PYTHONFAULTHANDLER", "PYTHONHASHSEED",
    "PYTHONIOENCODING", "PYTHONNODEBUGRANGES", "PYTHONUNBUFFERED", "PYTHONUTF8",
})  # fmt: skip
"""Variables of Python that bring no code along."""
_CUSTOM: Final = ("sitecustomize", "usercustomize")


def insist_isolated(verb: str) -> None:
    """Begin the command of this process anew, apart, where foreign code is in sight."""
    if verb in sys.argv[1:] and not sys.flags.isolated and _is_foreign_code_in_sight():
        command = isolated("specship.cli", *sys.argv[1:])
        os.execv(command[0], command)  # noqa: S606 - ourselves


def _is_foreign_code_in_sight() -> bool:
    """Whether anything could have brought code along that is not installed."""
    told = any(name.startswith("PYTHON") and name not in _HARMLESS for name in os.environ)
    here = any(not place or Path(place) == Path.cwd() for place in sys.path)
    own = Path(site.getusersitepackages()).resolve() if site.ENABLE_USER_SITE else None
    persons = own is not None and any(Path(place) == own for place in sys.path)
    return told or here or persons or any(name in sys.modules for name in _CUSTOM)
