"""What became of the waivers: one that is new, or excuses more, is a weakening, and counts only once it is on base.

An amendment has to name its gate. It demands no step of the version: a spec promises the same with a waiver.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from specship.contracts.document import document_of
from specship.errors import UnreadableDocument, UnusableInput
from specship.review.changes import change, spot
from specship.review.records import Change, Direction
from specship.review.sides import ProjectSide, located
from specship.specs.waivers import Waiver, WaiverFile, unread_waiver, waiver_of


def waivers_of(side: ProjectSide) -> dict[str, WaiverFile]:
    """The waivers of a side by path within the project.

    Raises:
        UnreadableDocument: one has a fault; all are told, each with its place.
    """
    if side.configuration is None:
        return {}
    folder = posixpath.normpath(side.configuration.waivers)
    paths = [posixpath.join(folder, name) for name, _ in side.tree.walk(side.inside(folder))]
    paths = sorted(path for path in paths if path.endswith((".yaml", ".yml")))
    read = [path for path in paths if path.endswith(".yaml") and posixpath.dirname(path) == folder]
    faults = [unread_waiver(path) for path in paths if path not in read]
    data = side.tree.read(map(side.inside, read))
    found: dict[str, WaiverFile] = {}
    for path in read:
        try:
            file, own = waiver_of(document_of(data[side.inside(path)], path))
        except UnusableInput as error:
            file, own = None, list(error.faults) if isinstance(error, UnreadableDocument) else [error]
        faults += own
        if file is not None:
            found[path] = file
    if faults:
        raise located(faults, side.tree, side.place)
    return found


class WaiverReview:
    """The waivers of two sides, side by side. What a file is called means nothing."""

    def __init__(self, base: ProjectSide, head: ProjectSide) -> None:
        self._base, self._head = base, head
        self.base, self.head = waivers_of(base), waivers_of(head)

    def changes(self) -> Iterator[Change]:
        """Everything that differs."""
        one, other = _by_failure(self.base), _by_failure(self.head)
        for key in sorted(one.keys() | other.keys()):
            before, after = one.get(key), other.get(key)
            if before is None and after is not None:
                says = f"a failure of {key[0]} ({key[1]}) is excused until {after.waiver.expires}"
                yield self._change(Direction.WEAKENED, "added", says, None, after)
            elif before is not None and after is None:
                says = f"a failure of {key[0]} ({key[1]}) is excused no more"
                yield self._change(Direction.STRENGTHENED, "removed", says, before, None)
            elif before is not None and after is not None:
                yield from self._edited(before, after)

    def _edited(self, before: WaiverFile, after: WaiverFile) -> Iterator[Change]:
        gate, one, other = before.waiver.gate, before.waiver.last_day, after.waiver.last_day
        if one != other:
            direction = Direction.WEAKENED if other > one else Direction.STRENGTHENED
            yield self._change(direction, "setting", f"the waiver of {gate} ends on another day", before, after)
        told = ("owner", "reason", "issue")
        if any(getattr(before.waiver, name) != getattr(after.waiver, name) for name in told):
            yield self._change(Direction.NEUTRAL, "reworded", f"the waiver of {gate} is told otherwise", before, after)

    def _change(
        self, direction: Direction, kind: str, says: str, before: WaiverFile | None, after: WaiverFile | None
    ) -> Change:
        file = after or before
        assert file is not None  # noqa: S101 - one of them is there
        found = change(
            file.waiver.gate, "waiver", kind, direction, says,  # type: ignore[arg-type]
            base=spot(self._base, before.document.place("gate")) if before else None,
            head=spot(self._head, after.document.place("gate")) if after else None,
            before=_shown(before.waiver) if before else None, after=_shown(after.waiver) if after else None,
        )  # fmt: skip
        return found.model_copy(update={"bump": "none"})


def _by_failure(waivers: Mapping[str, WaiverFile]) -> dict[tuple[str, str], WaiverFile]:
    """The one that lasts longest of each failure."""
    found: dict[tuple[str, str], WaiverFile] = {}
    for file in waivers.values():
        key = file.waiver.gate, file.waiver.fingerprint
        if key not in found or found[key].waiver.last_day < file.waiver.last_day:
            found[key] = file
    return found


def _shown(waiver: Waiver) -> str:
    return f"{waiver.fingerprint} until {waiver.expires}"
