"""The one file that makes a folder a project: `pyproject.toml` with the table `[tool.specship]`.

It is looked for at and above a folder, and every face finds the same one. Only the text is read here;
what the keys mean stands in `specs.project`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final, NamedTuple

from specship.errors import Place, UnusableInput

FILE: Final = "pyproject.toml"
_MARK: Final = "\ufeff"


class SettingsTable(NamedTuple):
    """The table of a project, and where it stands."""

    root: Path
    """The project: the folder of the file, as it was looked for."""
    text: str
    """Of the whole file."""
    table: dict[str, Any]

    @property
    def path(self) -> Path:
        """The file."""
        return self.root / FILE


def find_table(start: Path) -> SettingsTable | None:
    """The nearest `[tool.specship]` at or above a folder; None where nobody uses specship.

    Raises:
        UnusableInput: a file that speaks of specship cannot be read as TOML.
    """
    for folder in (start, *start.parents):
        if (found := table_in(folder)) is not None:
            return found
    return None


def table_in(folder: Path) -> SettingsTable | None:
    """The `[tool.specship]` of this very folder; None where it has none.

    Raises:
        UnusableInput: its file speaks of specship and cannot be read as TOML.
    """
    path = folder / FILE
    try:
        data = path.read_bytes() if path.is_file() else b""
    except OSError as error:
        raise UnusableInput(f"cannot read: {error.strerror}", at=path) from error
    if b"specship" not in data.replace(b"\0", b""):  # in UTF-16 too, which is then refused
        return None
    text = read_toml_text(data, path)
    tools = parse_toml(text, path).get("tool")
    table = tools.get("specship") if isinstance(tools, dict) else None
    return SettingsTable(folder, text, table) if isinstance(table, dict) else None


def read_toml_text(data: bytes, path: Path) -> str:
    """The text of a TOML file.

    A byte-order mark is refused, as TOML readers do, pip and pytest among them: a file that specship
    alone could read would fail a step later.

    Raises:
        UnusableInput: not UTF-8, or a byte-order mark before the text.
    """
    if b"\0" in data:
        raise UnusableInput("UTF-16 or binary, and TOML is UTF-8", at=path, mend="save the file as UTF-8")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnusableInput(
            "not UTF-8", at=Place(str(path), line, 1), mend="save the file as UTF-8"
        ) from error
    if text.startswith(_MARK):
        raise UnusableInput(
            "a byte-order mark (U+FEFF) stands before the text",
            at=Place(str(path), 1, 1),
            why="readers of TOML refuse it, pip and pytest among them",
            mend="save the file as UTF-8 without a byte-order mark",
        )
    return text


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """What a TOML text says.

    Raises:
        UnusableInput: it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UnusableInput(f"not TOML: {error}", at=path, mend="mend the file") from error
