"""One change, made from what two readers found: the step that it demands and its place follow from it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator
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


def names_changed(
    pairing: Pairing,
    about: About,
    spots: Callable[[str, str], tuple[Spot | None, Spot | None]],
    *,
    before: Callable[[str], str] = lambda _: "",
    stales: Callable[[str, str], Iterable[Stale]] = lambda _was, _now: (),
    kind: str = "",
) -> Iterator[Change]:
    """What has another id, or exchanged it: two ids that swapped their meaning cannot be compared.

    `before` says what an id meant on base's side; `kind` is the word in front of ids that are mere names.
    """
    exchanged = set(pairing.exchanged)
    for was, now in (*pairing.renamed, *pairing.exchanged):
        swapped = (was, now) in exchanged
        base, head = spots(was, now)
        says = f"what was {kind}{was} is called {now}"
        if swapped and (meant := before(now)):
            says += f", which meant something else before: {meant}"
        yield change(
            now,
            about,
            "exchanged" if swapped else "renamed",
            Direction.INCOMPARABLE if swapped else Direction.NEUTRAL,
            says,
            was=was,
            before=was,
            after=now,
            base=base,
            head=head,
            stales=stales(was, now),
        )


def listed(names: Iterable[str]) -> str:
    """Names for people."""
    return ", ".join(sorted(names)) or "nothing"
