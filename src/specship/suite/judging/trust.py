"""Whose signature counts: the keys that a project lists, this checkout's own, and those of other machines."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from specship.evidence.committed import CommitHistory
from specship.evidence.keys.keyring import NOBODY, KeyRing, arming_keys
from specship.evidence.signing import check_public_key, local_public_key
from specship.specs.project import Project


def key_ring(project: Project, *, first_seen: Callable[[str], datetime | None] | None = None) -> KeyRing:
    """The keys of a project as they stand in its files now.

    `first_seen` says when a file of the evidence folder was first committed; git, where none is given.

    Raises:
        UnusableInput: a listed key is not usable as a public key.
    """
    return KeyRing(
        {check_public_key(entry.public): entry for entry in project.configuration.trusted_keys},
        local_public_key(project.state),
        arming_keys(project.arming_folder),
        first_seen or functools.partial(_first_seen, project.root),
    )


class Trust:
    """The keys of a project while it is judged: the judge makes this checkout's when it first writes."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._ring = NOBODY

    @property
    def ring(self) -> KeyRing:
        """Whose signature counts.

        Raises:
            UnusableInput: a listed key is not usable as a public key.
        """
        if self._ring.own is None:
            self._ring = key_ring(self._project)
        return self._ring


def all_keys(project: Project) -> frozenset[bytes]:
    """Every public key this project knows, for opening statements."""
    return key_ring(project).known


def _first_seen(root: Path, name: str) -> datetime | None:
    history = _history(root / "evidence")
    return history.first_seen(name) if history else None


@functools.cache
def _history(folder: Path) -> CommitHistory | None:
    return CommitHistory.of(folder)
