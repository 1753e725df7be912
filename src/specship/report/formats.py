"""Formats: what a verb can print of its record, one a file of the folder of that record.

    report/ship/        `specship status`, and what a session leaves beside its report
    report/lint/        `specship lint`
    report/trace/       `specship trace`
    report/diagnosis/   `specship diagnose`
    report/review/      `specship review`
    report/gate/        `specship gate`
    report/side_by_side/ `specship report --compare`
    report/flip_rate/   `specship flip-rate`
    report/trend/       `specship trend`
    report/badge/       `specship trend --badge`
    report/checkup/     `specship doctor`
    report/trust_audit/ `specship evidence audit`
    report/statements/  `specship evidence verify`, piece by piece: `pieces(record, display)`
    report/tracking/    `specship status --write`, into the files of trackers

A format is a file called after it, with `render(record, display)`; adding one edits no other file, and the
verb offers it by `--format NAME`. What is made for programs ignores the display.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from specship.discovery import Folder, one_each

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHIP: Final = Folder("specship.report.ship")
LINT: Final = Folder("specship.report.lint")
TRACE: Final = Folder("specship.report.trace")
DIAGNOSIS: Final = Folder("specship.report.diagnosis")
BACKLOG: Final = Folder("specship.report.backlog")
HISTORY: Final = Folder("specship.report.history")
AUDITS: Final = Folder("specship.report.audits")
REVIEW: Final = Folder("specship.report.review")
GATE: Final = Folder("specship.report.gate")
CHECKUP: Final = Folder("specship.report.checkup")
TRUST_AUDIT: Final = Folder("specship.report.trust_audit")
STATEMENTS: Final = Folder("specship.report.statements")
SIDE_BY_SIDE: Final = Folder("specship.report.side_by_side")
FLIP_RATE: Final = Folder("specship.report.flip_rate")
TREND: Final = Folder("specship.report.trend")
BADGE: Final = Folder("specship.report.badge")
"""Of a report that was cut down to one model at one profile."""
TRACKING: Final = Folder("specship.report.tracking")
"""Whose formats have `write(report, folder)`, and no text."""
TEXT: Final = "text"
"""The format for people at a terminal, which every record has."""


class Display(NamedTuple):
    """How a person looks at a report."""

    width: int = 132
    """Columns of the terminal."""
    colour: bool = False
    detailed: frozenset[str] = frozenset()
    """Profiles of which every gate is shown; of others a line for each model."""
    amount: int = 0
    """-1: the numbers and what fails; 0: each gate with its first figure; 1: all that was measured."""
    up: str = "../"
    """From the folder of a file that is written to the project's, for links; `.specship/` lies below it."""


PLAIN: Final = Display()
"""Text without colours, as a file holds it."""


def names(formats: Folder) -> tuple[str, ...]:
    """What `--format` takes, the terminal's first."""
    return tuple(sorted(formats.names, key=lambda name: (name != TEXT, name)))


def endings() -> dict[str, str]:
    """Formats that a session leaves as a file (`FILE = ".md"` in theirs), by the ending of it.

    Raises:
        UnusableInput: two formats have the same ending.
    """
    found = {name: getattr(SHIP.load(name), "FILE", "") for name in SHIP.names}
    left = {name: ending for name, ending in found.items() if ending}
    one_each("endings of a report", left, lambda ending: ending)
    return {ending: name for name, ending in left.items()}


def render(formats: Folder, name: str, record: Any, display: Display = PLAIN) -> str:
    """A record in a format of its folder."""
    return str(formats.load(name).render(record, display))


def write_pieces(formats: Folder, name: str, record: Any, write: Callable[[str], Any]) -> None:
    """A record that is too long to be held, piece by piece; its formats have `pieces(record, display)`."""
    for piece in formats.load(name).pieces(record, PLAIN):
        write(piece)


def write(name: str, record: Any, folder: Path) -> list[Path]:
    """A record in the files of a tracker; gives what was written.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    made: list[Path] = TRACKING.load(name).write(record, folder)
    return made
