"""Which commands there are: one a file of a folder, its help read without importing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specship.errors import UnusableInput

if TYPE_CHECKING:
    from types import ModuleType

    from specship.discovery import Folder


def helps_in(folder: Folder) -> dict[str, str]:
    """Name and help of every command of a folder; `a_b.py` is the command `a-b`.

    Raises:
        UnusableInput: a file has no help.
    """
    found = {}
    for name in folder.names:
        text = folder.first_line(name, "HELP = ").partition(" = ")[2].strip().strip('"')
        if not text:
            raise UnusableInput(
                'the file has no line `HELP = "..."`', at=folder.file(name), mend="write one at its top"
            )
        found[name.replace("_", "-")] = text
    return found


def command_in(folder: Folder, command: str) -> ModuleType:
    """The module of a command."""
    return folder.load(command.replace("-", "_"))
