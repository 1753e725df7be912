"""One change, made from what two readers found: the step that it demands and its place follow from it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import Any

from specship.errors import Place
from specship.review.pairing import Pairing
from specship.review.records import About, Change, Direction, Kind, Spot, Stale, bump_of
from specship.review.sides import ProjectSide


def spot(side: ProjectSide, place: Place) -> Spot:
    """A place of a project's document, within the repository."""
    return Spot(path=posixpath.join(side.place, place.path), line=place.line or 1)


def change(
    identity: str,
    about: About,
    kind: Kind,
    direction: Direction,
    says: str,
    *,
    base: Spot | None = None,
    head: Spot | None = None,
    stales: Iterable[Stale] = (),
    **more: Any,
) -> Change:
    """A change with the step that it demands."""
    at = head or base
    return Change(
        id=identity,
        about=about,
        kind=kind,
        direction=direction,
        says=says,
        base=base,
        head=head,
        path=at.path if at else None,
        line=at.line if at else None,
        bump=bump_of(direction),
        stales=tuple(stales),
        **more,
    )


def went(*, loosens: bool, tightens: bool) -> Direction:
    """The direction of a change of which both are known."""
    if loosens:
        return Direction.WEAKENED
    return Direction.STRENGTHENED if tightens else Direction.NEUTRAL


def names_changed(pairing: Pairing) -> Iterator[tuple[str, str, Kind]]:
    """Base's and head's id of what has another one, and whether they exchanged it."""
    yield from ((one, other, "renamed") for one, other in pairing.renamed)
    yield from ((one, other, "exchanged") for one, other in pairing.exchanged)


def listed(names: Iterable[str]) -> str:
    """Names for people."""
    return ", ".join(sorted(names)) or "nothing"
