"""Packing: the committed entries of closed versions go into one file a version, and none is lost.

An entry is of the version that the newest amendment leads to which was committed when its own file was.
What is of another version than today's is packed. A pack is written whole and read back before the first
file goes, so a kill in between leaves entries twice, which are one entry each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from specship.errors import CannotWrite, DamagedArtifact, UnusableInput
from specship.evidence.committed import CommitHistory
from specship.evidence.ledger import files_of, open_line, read_entry, read_ledger
from specship.evidence.packs import (
    ENDING,
    FOLDER,
    LARGEST_PACK,
    line_of,
    lines_in,
    read_pack,
    unpacked,
)
from specship.files import sync_folder, write_errors, write_file
from specship.wording import counted

_BEGINNING: Final = "0.0.0"


@dataclass(frozen=True, slots=True)
class PackedVersion:
    """What was packed of one closed version, or would be."""

    version: str
    pack: Path
    files: int
    """Whose entries stand in the pack now and that are gone."""
    size: int
    """Of those files, in bytes."""
    left: int
    """Files that stay, because the pack would be larger than one is read."""


def pack_ledger(
    folder: Path, amendments: Path, versions: Mapping[str, str], *, dry: bool, most: int = LARGEST_PACK
) -> tuple[PackedVersion, ...]:
    """Pack the entries of a committed ledger; `dry` says what would be done, and does nothing.

    `versions` are those of the spec by the names of the amendment files, in the order in which they apply.

    Raises:
        UnusableInput: the ledger is not whole, or there is no git that says what was committed when.
        CannotWrite: the disk is full or refuses; no entry is lost.
    """
    flaws = read_ledger([folder], keys=frozenset()).flaws
    if flaws:
        lost = counted(flaws, "entry is", "entries are")
        raise UnusableInput(
            f"the committed ledger is not whole: {lost} damaged or missing",
            at=folder,
            why="packing would keep what is wrong with it",
            mend="`specship evidence verify` names them; restore them from git",
        )  # fmt: skip
    found = _of_closed_versions(folder, amendments, versions)
    return tuple(
        _packed(folder, version, sorted(names), dry=dry, most=most)
        for version, names in sorted(found.items(), key=lambda pair: [*map(int, pair[0].split("."))])
    )


def _of_closed_versions(folder: Path, amendments: Path, versions: Mapping[str, str]) -> dict[str, list[str]]:
    """The digests of the files of each version but today's."""
    listed = [path.stem for path in files_of(folder)]
    own, steps = CommitHistory.of(folder), CommitHistory.of(amendments)
    if own is None:
        raise UnusableInput(
            "nothing says what was committed when", at=folder,
            why="what belongs to a closed version is what was committed before the amendment that closed it",
            mend="pack in a clone that has the history",
        )  # fmt: skip
    committed: list[tuple[datetime, str]] = []
    for name, version in versions.items():
        if seen := steps.first_seen(name) if steps else None:
            committed.append((seen, version))
    today = [_BEGINNING, *versions.values()][-1]
    found: dict[str, list[str]] = {}
    for digest in listed:
        if moment := own.first_seen(f"{digest}.json"):
            version = next((v for seen, v in reversed(committed) if seen <= moment), _BEGINNING)
            if version != today:
                found.setdefault(version, []).append(digest)
    return found


def _packed(folder: Path, version: str, digests: list[str], *, dry: bool, most: int) -> PackedVersion:
    pack = folder / FOLDER / f"{version}{ENDING}"
    there = _lines(pack)
    size, room, files = 0, most - sum(map(len, there.values())), []
    for digest in digests:
        data = _bytes(folder / f"{digest}.json")
        line = line_of(digest, data)
        room -= 0 if digest in there else len(line)
        if room < 0:
            break
        there[digest] = line
        files.append(digest)
        size += len(data)
    done = PackedVersion(version, pack, len(files), size, len(digests) - len(files))
    if dry or not files:
        return done
    write_file(pack, b"".join(there[digest] for digest in sorted(there)))
    again = _lines(pack)
    for digest in files:
        path = folder / f"{digest}.json"
        if digest not in again or unpacked(again[digest], str(pack))[1] != _bytes(path):
            raise CannotWrite(
                f"{path.name} does not stand in the pack as it was", at=pack,
                why="the disk gave back other bytes than were written; no file was removed",
                mend="look after the disk, and run the same command again",
            )  # fmt: skip
    with write_errors(folder):
        for digest in files:
            (folder / f"{digest}.json").unlink(missing_ok=True)
        sync_folder(folder)
    return done


def _lines(pack: Path) -> dict[str, bytes]:
    """The lines of a pack by their digests, each one opened; none where there is no pack."""
    if not pack.exists():
        return {}
    return {
        open_line(line, at, keys=frozenset()).digest: line
        for at, line in lines_in(read_pack(pack), str(pack))
    }


def _bytes(path: Path) -> bytes:
    """The bytes of a sound entry.

    Raises:
        DamagedArtifact: it is none.
    """
    entry = read_entry(path, frozenset())
    data = path.read_bytes()
    if entry.digest != path.stem:
        raise DamagedArtifact("its bytes are not the ones its name promises", at=path)
    return data
