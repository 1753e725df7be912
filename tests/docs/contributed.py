"""The examples of CONTRIBUTING as files, and a project and a package that have them."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.docs.reading_pages import ROOT, text_of
from tests.projects.scaffolded import begin

_EXAMPLE = re.compile(
    r"`([\w./-]+\.(?:py|yaml))`[^`]*:\n\n```(?:python|yaml)\n(.*?)^```$", re.DOTALL | re.MULTILINE
)


def examples() -> dict[str, str]:
    """Text of each example by the path that the page gives it."""
    return dict(_EXAMPLE.findall(text_of(ROOT / "CONTRIBUTING.md")))


def project_with_examples(folder: Path) -> Path:
    """A new project with those that a project can have: probe, fault, and the gate of both."""
    begin(folder, "my-model")
    for path, text in examples().items():
        if path.startswith("contracts/"):
            with (folder / path).open("a", encoding="utf-8") as file:
                file.write(text)
        elif not path.startswith("src/"):
            (folder / path).write_text(text, encoding="utf-8")
    return folder


def package_with_examples(folder: Path) -> Path:
    """A copy of the package with those that only the package can have."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for path, text in examples().items():
        if path.startswith("src/"):
            (folder / path).write_text(text, encoding="utf-8")
    return folder / "src"


def run_there(package: Path, *words: str, cwd: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    """A module of the copied package as a program."""
    return _python(package, "-m", *words, cwd=cwd, given=given)


def told_there(package: Path, code: str, *words: str, cwd: Path) -> Any:
    """What a few lines print as JSON when they import the copied package."""
    done = _python(package, "-c", code, *words, cwd=cwd)
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def _python(package: Path, *words: str, cwd: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd, input=given, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(package)},
    )  # fmt: skip
