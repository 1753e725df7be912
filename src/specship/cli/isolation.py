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

from specship.errors import UnusableInput
from specship.interpreter import isolated

_HARMLESS: Final = frozenset({
    "PYTHONCOERCECLOCALE", "PYTHONDONTWRITEBYTECODE", "PYTHONFAULTHANDLER", "PYTHONHASHSEED",
    "PYTHONIOENCODING", "PYTHONNODEBUGRANGES", "PYTHONUNBUFFERED", "PYTHONUTF8",
})  # fmt: skip
"""Variables of Python that bring no code along."""
_CUSTOM: Final = ("sitecustomize", "usercustomize")


def insist_isolated(verb: str) -> None:
    """Begin the command of this process anew, apart, where foreign code is in sight.

    Raises:
        UnusableInput: specship itself would not be found then.
    """
    if verb not in sys.argv[1:] or sys.flags.isolated or not (why := _foreign()):
        return
    home = Path(__file__).resolve().parents[2]
    named = [Path(one).resolve() for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    if home in named or home == _user_folder():
        raise UnusableInput(
            f"specship {verb} computes without {why}, and specship itself is found in {home} alone",
            why="what lies there could change what is computed",
            mend="install specship into an environment: pip install, or pip install -e",
        )
    command = isolated("specship.cli", *sys.argv[1:])
    os.execv(command[0], command)  # noqa: S606 - ourselves


def _foreign() -> str:
    """What could have brought code along that is not installed; empty when nothing could."""
    told = [name for name in os.environ if name.startswith("PYTHON") and name not in _HARMLESS]
    if told:
        return ", ".join(sorted(told))
    if any(not place or Path(place) == Path.cwd() for place in sys.path):
        return "the folder that it is started in"
    if customs := [name for name in _CUSTOM if name in sys.modules]:
        return customs[0]
    own = _user_folder()
    return "the person's own site-packages" if own and any(Path(place) == own for place in sys.path) else ""


def _user_folder() -> Path | None:
    return Path(site.getusersitepackages()).resolve() if site.ENABLE_USER_SITE else None
