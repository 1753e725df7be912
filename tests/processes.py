"""specship and pytest as a person starts them: real programs in processes of their own."""

import atexit
import contextlib
import functools
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

import pytest

from tests.places import ROOT
from tests.projects.sound_project import sound_project

SCRIPTS: Final = Path(sys.executable).parent
"""Where this environment keeps its console scripts."""
EACH_ANEW: Final = "SPECSHIP_TESTS_START_EACH"
"""Set this variable, and each run starts an interpreter instead of forking from one that has imported everything."""

_WITH_TORCH: Final = frozenset({"bench", "compare", "eval", "qa", "run"})
"""Verbs whose process would import torch at once; they fork from a second process that has it."""
_TORCH: Final = ("torch", "transformers.models.llama.modeling_llama")


def specship(
    *arguments: str | Path, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The console script, run in a folder."""
    return script(folder or Path.cwd(), "specship", *arguments, environment=environment)


def inside(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A verb in this very process, run in a folder: for answers of which many are asked.

    It is for verbs that import nothing of a project. What a process of its own adds, other tests look at.
    """
    from specship.cli import main

    words = list(map(str, arguments))
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(folder):
        patch.setattr(sys, "argv", ["specship"])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(words)
    return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())


def run_pytest(
    folder: Path, *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """pytest, run in a folder as `python -m pytest` does it."""
    return _run([sys.executable, "-m", "pytest", *arguments], folder, environment)


def run_python(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """An interpreter of its own that runs a text in a folder."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def script(
    folder: Path, *words: str | Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A console script of this environment, run in a folder."""
    return _run([SCRIPTS / words[0], *words[1:]], folder, environment)


def _run(
    command: Sequence[str | Path], folder: Path, more: Mapping[str, str] | None
) -> subprocess.CompletedProcess[str]:
    # A worker of pytest-xdist has a width, and what it starts writes into files.
    here = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    environment = {**here, **(more or {})}
    line = list(map(str, command))
    if EACH_ANEW in os.environ or not _is_python(line[0]):
        return subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    heavy = line[0].endswith("specship") and line[1:2] and line[1] in _WITH_TORCH
    return _server(_TORCH if heavy else ()).run(line, folder, environment)


def _is_python(program: str) -> bool:
    """Whether a program is the interpreter or a script of it; another one, such as ruff's, cannot be forked."""
    with Path(program).open("rb") as file:
        return Path(program) == Path(sys.executable) or file.read(2) == b"#!"


class Server:
    """The process that forks, one run at a time."""

    def __init__(self, modules: Sequence[str], python: Path = Path(sys.executable)) -> None:
        """Start it, with an interpreter whose packages it loads."""
        self._folder = tempfile.TemporaryDirectory(prefix="specship-processes-")
        project = sound_project(Path(self._folder.name, "project"))
        self._child = subprocess.Popen(
            [python, ROOT / "tests" / "process_server.py"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._requests: IO[str] = self._child.stdin
        self._answers: IO[str] = self._child.stdout
        assert self._ask({"project": str(project), "modules": modules})["ready"]

    def _ask(self, request: Mapping[str, object]) -> dict[str, int]:
        print(json.dumps(request), file=self._requests, flush=True)
        answer: dict[str, int] = json.loads(self._answers.readline())
        return answer

    def run(
        self, line: list[str], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        out, err = (Path(self._folder.name, name) for name in ("out", "err"))
        for path in (out, err):
            path.write_bytes(b"")
        module = line[2] if line[0] == sys.executable and line[1:2] == ["-m"] else ""
        request = {
            "script": line[0], "module": module, "arguments": line[3:] if module else line[1:],
            "folder": str(folder), "environment": environment, "out": str(out), "err": str(err),
        }  # fmt: skip
        status = self._ask(request)["status"]
        return subprocess.CompletedProcess(line, status, out.read_text(), err.read_text())

    def close(self) -> None:
        self._requests.close()
        self._child.wait()
        self._answers.close()
        self._folder.cleanup()


@functools.cache
def _server(modules: tuple[str, ...]) -> Server:
    server = Server(modules)
    atexit.register(server.close)
    return server
