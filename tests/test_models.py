"""The builders of tiny models: a table that lists them all, and what is made once."""

import ast
import multiprocessing
import re
from pathlib import Path
from typing import Final

import pytest

from tests.models.once import SHARED, once
from tests.places import ROOT

MODELS: Final = ROOT / "tests" / "models"
MADE: Final = {"Path", "Foreign", "Tokenizer", "tuple[Path, Path]"}
"""What builders return: a folder or file, or a tokenizer or checkpoint that is on no disk yet."""


def builders() -> set[str]:
    """Public functions of the folder that return something made; `once.py` says only where."""
    return {
        f"{path.stem}.{node.name}"
        for path in MODELS.glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and path.stem != "once"
        if node.returns is not None and ast.unparse(node.returns) in MADE
    }


def test_the_table_lists_exactly_the_builders() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \|(.*)\|$", (MODELS / "README.md").read_text(), re.MULTILINE)
    names = [name for name, _ in rows]

    assert sorted(names) == sorted(builders())
    assert all(
        len(cells.split("|")) == 3 and all(cell.strip() for cell in cells.split("|")) for _, cells in rows
    )


def _build(folder: Path) -> None:
    with (folder.parent / "built").open("a") as file:
        file.write("x")
    (folder / "file").write_text("made")


def _want(_number: int) -> str:
    return (once("a thing", _build) / "file").read_text()


def test_what_several_processes_want_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SHARED, str(tmp_path))
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        found = pool.map(_want, range(3))

    assert found == ["made"] * 3
    assert (tmp_path / "built").read_text() == "x"


def test_what_a_builder_left_unfinished_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SHARED, str(tmp_path))

    def fails(folder: Path) -> None:
        (folder / "half").touch()
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        once("a thing", fails)
    folder = once("a thing", _build)

    assert [path.name for path in folder.iterdir()] == ["file"]
