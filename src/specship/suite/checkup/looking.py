"""Looking at everything at once."""

from __future__ import annotations

from pathlib import Path

from specship.suite.checkup.machine import devices, sandbox, versions
from specship.suite.checkup.project import project_sections
from specship.suite.checkup.records import Checkup


def check_up(start: Path) -> Checkup:
    """What specship sees from a folder: its project, as far as it can be read, and this machine.

    Nothing is written, measured or imported that weighs; what is broken is told and gone past.
    """
    return Checkup(sections=(*project_sections(start), versions(), devices(), sandbox()))
