"""The examples of CONTRIBUTING as files, and a project and a package that have them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

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
    """A copy of the package with those that only the package can have: rule and stage."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for path, text in examples().items():
        if path.startswith("src/"):
            (folder / path).write_text(text, encoding="utf-8")
    return folder / "src"


def run_there(package: Path, *words: str, cwd: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    """A module of the copied package as a program."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=cwd, input=given, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(package)},
    )  # fmt: skip
