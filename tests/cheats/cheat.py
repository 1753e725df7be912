"""What a row of the cheat table is."""

from collections.abc import Callable
from typing import NamedTuple

from tests.projects.merging import Merging


class Cheat(NamedTuple):
    """One attempt: a change that asks to be merged into a base that ships 60 %."""

    tries: str
    """In words, as the printed table has it."""
    act: Callable[[Merging], object]
    """Makes the change in the files that are checked out."""
    guards: tuple[str, ...]
    """What answers it; with these taken out the attempt succeeds."""
    says: str
    """Part of the message that names the attempt."""
    base: str = "base"
    """The branch that it asks to be merged into."""
    asked: str = ""
    """The branch that the gate is told instead."""
    options: tuple[str, ...] = ()
    """Of `specship gate`."""
    refused: bool = False
    """Whether the files cannot even be read: exit status 2."""
    face: str = "gate"
    """`gate`, which refuses the change; or `status`, whose number it would raise if it counted."""
