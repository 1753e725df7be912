"""A scratch copy of the package in which guards can be taken out, one or several at a time, by a variable.

The copy has some lines more at the end of each module that holds a guard. The product has no such switch.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.cheats.guards import SEAMS, TEXT_SEAMS, Seam
from tests.places import SOURCE
from tests.processes import Server

OFF: Final = "SCRATCH_GUARDS_OFF"
_TOLD: Final = "taken-out.txt"
"""The same for processes that see no variable."""
_FUTURE: Final = "from __future__ import annotations\n"
_SWITCH: Final = """
import functools as _functools
import os as _os


def _taken_out(guard):
    told = _os.environ.get({off!r})
    if told is None:  # a child, which inherits nothing
        with open({file!r}, encoding="utf-8") as file:
            told = file.read()
    return guard in told.split(",")
"""
_SEAM: Final = """
_held_{number} = {name}
{name} = _functools.wraps(_held_{number})(
    lambda *a, **k: ({instead})(_held_{number}, *a, **k) if _taken_out({guard!r}) else _held_{number}(*a, **k)
)
"""
_PROPERTY: Final = """
_held_{number} = {owner}.__dict__[{attribute!r}]
_held_{number} = getattr(_held_{number}, "func", None) or _held_{number}.fget
{name} = property(
    lambda self: ({instead})(_held_{number}, self) if _taken_out({guard!r}) else _held_{number}(self)
)
"""


_READ: Final = 'path.read_text(encoding="utf-8") if path else None'
_READ_HERE: Final = '_as_it_was(path).read_text(encoding="utf-8") if path else None'
_AS_IT_WAS: Final = """

def _as_it_was(path):
    return Path(str(path).replace({copy!r}, {source!r}))
"""
"""Digests of code are those of the package: a guard that is taken out makes no evidence stale."""


def _lines(number: int, guard: str, seam: Seam) -> str:
    owner, _, attribute = seam.name.rpartition(".")
    form = _PROPERTY if seam.property else _SEAM
    return seam.more + form.format(
        number=number, guard=guard, name=seam.name, owner=owner, attribute=attribute, instead=seam.instead
    )


def _opened(copy: Path, module: str) -> tuple[Path, str]:
    """The file of a module and its text, with the switch in it."""
    path = copy.joinpath(*module.split(".")[1:]).with_suffix(".py")
    text = path.read_text()
    if "_taken_out" not in text:
        if _FUTURE not in text:
            raise AssertionError(f"{module} does not begin as the others do")
        text = text.replace(_FUTURE, _FUTURE + _SWITCH.format(off=OFF, file=str(copy.parent / _TOLD)), 1)
    return path, text


def scratch_package(folder: Path) -> Path:
    """The interpreter of an environment whose specship is the scratch copy."""
    copy = folder / "src" / "specship"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    digests = copy / "code_digests.py"
    if digests.read_text().count(_READ) != 1:
        raise AssertionError("code is digested in another way")
    digests.write_text(
        digests.read_text().replace(_READ, _READ_HERE) + _AS_IT_WAS.format(copy=str(copy), source=str(SOURCE))
    )
    for guard, seams in TEXT_SEAMS.items():
        for seam in seams:
            path, text = _opened(copy, seam.module)
            if text.count(seam.old) != 1:
                raise AssertionError(f"{guard}: {seam.module} has {text.count(seam.old)} of {seam.old!r}")
            path.write_text(text.replace(seam.old, seam.new))
    for number, (guard, one) in enumerate((guard, one) for guard, seams in SEAMS.items() for one in seams):
        path, text = _opened(copy, one.module)
        path.write_text(text + _lines(number, guard, one))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    # A folder that such a file names is searched in its turn, and the files of that kind in it are not read.
    installed = [path for path in sys.path if Path(path).name == site.name]
    (site / "scratch.pth").write_text("".join(f"{path}\n" for path in (copy.parent, *installed)))
    program = folder / "venv" / "bin" / "specship"
    program.write_text(
        f"#!{folder}/venv/bin/python\nimport sys\nfrom specship.cli import main\nsys.exit(main())\n"
    )
    program.chmod(0o755)
    return folder / "venv" / "bin" / "python"


class Scratch:
    """Commands of the scratch copy, with guards taken out."""

    def __init__(self, folder: Path) -> None:
        """Copy the package there."""
        self._python = scratch_package(folder)
        self._told = folder / "src" / _TOLD
        self._told.touch()
        self._server = Server((), self._python)

    @contextlib.contextmanager
    def installed(self, files: Mapping[str, str]) -> Iterator[None]:
        """With some files beside the packages that are installed."""
        (site,) = self._python.parent.parent.glob("lib/python*/site-packages")
        for name, text in files.items():
            (site / name).write_text(text)
        try:
            yield
        finally:
            for name in files:
                (site / name).unlink()

    def ask(
        self, folder: Path, *words: str, without: Sequence[str], more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """`specship` or `pytest` with words of its own, run in a folder without some guards.

        With `more`, which are variables, it is a process of its own from the beginning.
        """
        told = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COLUMNS"))
        }
        environment = {**told, OFF: ",".join(without), **(more or {})}
        self._told.write_text(environment[OFF])
        line = [str(self._python.with_name("specship")), *words[1:]]
        if words[0] == "pytest":
            line = [str(self._python), "-m", *words]
        if (
            words[0] == "pytest" or more or TEXT_SEAMS.keys() & set(without)
        ):  # decided when a module is loaded
            return subprocess.run(
                line, cwd=folder, capture_output=True, text=True, check=False, env=environment
            )
        return self._server.run(line, folder, environment)

    def close(self) -> None:
        """End its process."""
        self._server.close()
