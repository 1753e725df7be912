"""Which commands there are: one a file of a folder, its help read without importing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from specship.discovery import Folder


def helps_in(folder: Folder) -> dict[str, str]:
    """Name and help of every command of a folder; `a_b.py` is the command `a-b`."""
    lines = {name: folder.first_line(name, "HELP = ") for name in folder.names}
    return {
        name.replace("_", "-"): line.partition(" = ")[2].strip().strip('"') for name, line in lines.items()
    }


def command_in(folder: Folder, command: str) -> ModuleType:
    """The module of a command."""
    return folder.load(command.replace("-", "_"))
