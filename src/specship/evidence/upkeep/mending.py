"""Mending a ledger that is not whole: a copy that was not finished, a damaged file, what a kill left.

Nothing is deleted that could be evidence: what is damaged is set aside, and so is a ledger that is begun
anew. Nothing is believed either: what is taken over from elsewhere are the bytes that its name promises.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from specship.errors import DamagedArtifact, UnusableInput
from specship.evidence.attempt_mark import clear_mark, mark_of
from specship.evidence.ledger import (
    Ledger,
    bytes_of,
    files_of,
    open_entry,
    open_line,
    packs_of,
    read_ledger,
)
from specship.evidence.packs import lines_in, read_pack, unpacked
from specship.files import make_folder, sweep, sync_folder, write_errors, write_new_file

_NAME: Final = re.compile(r"[0-9a-f]{64}")
_DEAD_SECONDS: Final = 600
"""Age from which on a temporary file of a dead writer goes when somebody asks for it."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What was done, and what is left to do."""

    swept: int
    """Temporary files and folders of dead writers that were taken away."""
    set_aside: tuple[Path, ...]
    """Where damaged files, or the ledger before, lie now."""
    taken_over: int
    """Entries that were missing here and came from elsewhere."""
    ledger: Ledger
    """As it is now."""


def mend_ledger(state: Path, folders: tuple[Path, ...], sources: Collection[Path], *, anew: bool) -> Mended:
    """Mend the ledger of a checkout; `folders` are all that it consists of, the first one made here.

    `sources` are ledgers that have what is missing; with `anew` a broken ledger is set aside whole.

    Raises:
        UnusableInput: a source is no ledger, or a new ledger is wanted where this one is whole.
        CannotWrite: the disk is full or refuses.
    """
    for source in sources:
        _insist_on_a_ledger(source)
    own, aside = folders[0], state / "set-aside"
    places = (own, state / "keys", state / "index", *folders[1:])
    swept = sum(len(sweep(place, older_than=_DEAD_SECONDS)) for place in places)
    ledger = read_ledger(folders, keys=frozenset())
    moved = []
    # A ledger that goes as it is keeps its damaged files: one renaming, and no kill comes in between.
    for error in () if anew and not sources else ledger.damaged:
        path = own / Path(str(error.at)).name
        if path.is_symlink() or path.exists():
            moved.append(_set_aside(path, aside))
    taken = sum(_take_over(source, own) for source in sources)
    ledger = read_ledger(folders, keys=frozenset())
    finished = {entry.evidence.attempt for entry in ledger.statements}
    for digest in finished:
        if digest and mark_of(own, digest) is not None:
            clear_mark(own, digest)
    if anew:
        if not ledger.flaws and not moved:
            raise UnusableInput(
                "the ledger is whole", at=own,
                why="to begin anew would drop what it holds against a gate",
                mend="measure on: `pytest -m ship`",
            )  # fmt: skip
        moved.append(_set_aside(own, aside))
        ledger = read_ledger(folders, keys=frozenset())
    return Mended(swept, tuple(moved), taken, ledger)


def _set_aside(path: Path, folder: Path) -> Path:
    """Move something where no reader looks, under a name that is free."""
    target = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{path.name}"
    with write_errors(target):
        make_folder(folder)
        path.rename(target)
        sync_folder(folder)
        sync_folder(path.parent)
    return target


def _insist_on_a_ledger(source: Path) -> None:
    if not source.is_dir():
        raise UnusableInput(
            "no folder", at=source, mend="name a folder that is a ledger: OTHER/.specship/ledger"
        )
    if not any(_NAME.fullmatch(path.stem) for path in files_of(source)) and not packs_of(source):
        raise UnusableInput(
            "there is no ledger here: no file is named by a digest",
            at=source, mend="name the folder of the ledger itself: OTHER/.specship/ledger",
        )  # fmt: skip


def _take_over(source: Path, own: Path) -> int:
    """Copy every sound entry of another ledger that is not here, with the marks of attempts; how many."""
    count = 0
    for path in sorted(files_of(source)):
        with contextlib.suppress(DamagedArtifact):
            data = bytes_of(path)
            entry = open_entry(path, data, keys=frozenset())
            count += write_new_file(own / path.name, data)
            if mark_of(source, entry.digest) is not None:
                write_new_file(own / f"{entry.digest}.open", b"")
    for pack in packs_of(source):
        with contextlib.suppress(DamagedArtifact):
            for at, line in lines_in(read_pack(pack), str(pack)):
                with contextlib.suppress(DamagedArtifact):
                    entry = open_line(line, at, keys=frozenset())
                    count += write_new_file(own / f"{entry.digest}.json", unpacked(line, at)[1])
    return count
