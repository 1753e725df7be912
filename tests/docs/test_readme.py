"""What the README shows is what there is."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from specship.contracts.document import read_document
from tests.docs.reading_pages import DOCS, ROOT, fenced, text_of
from tests.processes import script
from tests.projects.scaffolded import begin

README = text_of(ROOT / "README.md")
BLOCKS = fenced(README)
SOURCE = ROOT / "src" / "specship"
MOST_LINES = 120


def _block_with(words: str) -> str:
    return next(text for _, text in BLOCKS if words in text)


def _told(line: str) -> str:
    """A line of a table without its spacing and without the time at its end."""
    return re.sub(r"(?: (?:just now|\d+ (?:s|min|h|d) ago))?$", "", " ".join(line.split()))


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= MOST_LINES
    said = README.split("\n\n")[1]
    assert len(re.findall(r"\.(?:\s|$)", said)) == 3, "what it is, in three sentences"


def test_its_contract_is_the_shipped_one() -> None:
    """In the very words of the file; whole lines are left out, and no gate is cut."""
    shown = next(text for kind, text in BLOCKS if kind == "yaml")
    path = ROOT / "contracts" / "training-loop-pretrain-v1.yaml"
    lines = iter(text_of(path).splitlines())
    shipped = {gate["id"]: gate for gate in json.loads(json.dumps(read_document(path).values["gates"]))}
    gates = yaml.safe_load(shown)["gates"]

    assert all(line in lines for line in shown.splitlines())
    assert gates == [shipped[gate["id"]] for gate in gates]


def test_its_output_is_a_part_of_the_rehearsals() -> None:
    whole = text_of(DOCS / "rehearsal.md").splitlines()
    shown = _block_with("GATE-TRAIN-003  ").splitlines()

    assert [line for line in shown if line not in whole] == []
    assert len(shown) <= 15


@pytest.mark.slow
def test_its_own_model_is_a_real_one(tmp_path: Path) -> None:
    """The two commands that it shows print what it shows, times and spacing apart."""
    assert "specship init my-model && cd my-model && pytest -m ship" in README
    folder = begin(tmp_path / "my-model", "my-model")
    printed = [_told(line) for line in script(folder, "pytest", "-m", "ship").stdout.splitlines()]
    shown = _block_with("AC-MY-MODEL-001").splitlines()

    assert [line for line in map(_told, shown) if line not in printed] == []
    assert len(shown) <= 15


def test_its_tree_is_the_one_that_is_there() -> None:
    """Every folder of `src/specship`, and no other."""
    top, _, below = _block_with("src/specship/  ").partition("src/specship/")
    named = re.findall(r"(?<![\w/])((?:[\w.]+/)+)", top.replace("mirrors src/specship/", ""))
    inside = set(re.findall(r"(?<![\w/])(\w+)/(?=\s)", below))
    there = {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}

    assert inside == there
    assert [name for name in named if not (ROOT / name).is_dir()] == []
    assert {"contracts/", "specs/", "evidence/", "docs/", "tests/"} <= set(named)


def test_its_gates_exist() -> None:
    gates = {
        gate["id"]
        for path in (ROOT / "contracts").glob("*.yaml")
        for gate in read_document(path).values["gates"]
    }
    own = {f"GATE-MY-MODEL-00{number}" for number in range(1, 6)}

    assert set(re.findall(r"GATE-[A-Z]+-[A-Z0-9-]*[0-9]+", README)) <= gates | own


def test_the_error_that_is_shown_is_the_real_one(tmp_path: Path) -> None:
    """`docs/beginning.md` misspells a probe."""
    for name in ("contracts", "specs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / "contracts" / "training-loop-pretrain-v1.yaml"
    path.write_text(path.read_text().replace("probe: run.held_out_loss", "probe: run.held_out_lose"))
    done = subprocess.run(
        [sys.executable, "-m", "specship.cli", "status"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={
            name: value for name, value in os.environ.items() if name != "COLUMNS"
        },  # the page is no terminal
    )

    assert done.returncode == 2
    assert done.stderr in [text for _, text in fenced(text_of(DOCS / "beginning.md"))]
