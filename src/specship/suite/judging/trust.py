"""Whose signature counts: the keys that a project lists, and for a rehearsal this checkout's own."""

from __future__ import annotations

from specship.evidence.signing import check_public_key, local_public_key
from specship.specs.project import Project


def trusted_keys(project: Project, *, release: bool) -> frozenset[bytes]:
    """Public keys whose signature counts: listed ones, and for a rehearsal this checkout's own.

    Raises:
        UnusableInput: a listed key is not usable as a public key.
    """
    listed = {check_public_key(bytes.fromhex(key)) for key in project.configuration.trusted_keys}
    own = local_public_key(project.state)
    return frozenset(listed | ({own} if own and not release else set()))


def all_keys(project: Project) -> frozenset[bytes]:
    """Every public key this project knows, for opening statements."""
    return trusted_keys(project, release=False)
