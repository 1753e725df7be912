"""Copies of files and folders, changed in one place: what a test does to what it was given."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def copy_of(folder: Path, target: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(folder, target))


def edit_json(path: Path, change: Callable[[Record], object] | None = None, /, **fields: Any) -> None:
    """Change a JSON document in place: through a function, or top-level fields by name."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if change is not None:
        change(document)
    path.write_text(json.dumps(document | fields), encoding="utf-8")


def lines(path: Path) -> list[Record]:
    """The records of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def write_lines(path: Path, records: list[Record]) -> None:
    """Replace a JSON Lines file."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def edit_lines(path: Path, change: Callable[[list[Record]], object]) -> None:
    """Change a JSON Lines file through a function that changes its records in place."""
    records = lines(path)
    change(records)
    write_lines(path, records)


def edit_line(path: Path, number: int, **fields: Any) -> None:
    """Change fields of one record (from 0) of a JSON Lines file."""
    edit_lines(path, lambda records: records[number].update(fields))


def edit_weights(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a safetensors file through a function that changes its arrays in place."""
    from safetensors.numpy import load_file, save_file

    weights = {name: array.copy() for name, array in load_file(path).items()}
    change(weights)
    save_file(weights, path, metadata={"format": "pt"})
