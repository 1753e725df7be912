"""A process that computes beside a project that nobody trusts: none of its files may come along as code.

Python imports from places that variables name (`PYTHONPATH`) and, started by `-m`, from the folder it is
started in: `sitecustomize` there, or a distribution with an entry point, would run before it is decided.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def insist_isolated(verb: str) -> None:
    """Begin the command of this process anew with `python -I` where anything of the kind is in sight."""
    told = any(name.startswith("PYTHON") for name in os.environ)
    here = any(not place or Path(place) == Path.cwd() for place in sys.path)
    if verb in sys.argv[1:] and not sys.flags.isolated and (told or here):
        code = "import sys; from specship.cli import main; sys.exit(main())"
        os.execv(sys.executable, [sys.executable, "-I", "-c", code, *sys.argv[1:]])  # noqa: S606 - ourselves
