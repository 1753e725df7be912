"""The ledger of a project, read as far as it is asked."""

from __future__ import annotations

from specship.evidence.ledger import Ledger
from specship.evidence.upkeep.indexed_ledger import Progress, read_indexed, untold
from specship.specs.project import Project


def open_ledger(project: Project, keys: frozenset[bytes], progress: Progress = untold) -> Ledger:
    """The entries that were made here and the committed ones; `keys` are asked about as signers."""
    return read_indexed(project.ledger_folders, keys=keys, state=project.state, progress=progress)
