"""Where the entries of a ledger stand, a file each or a line of a pack: opened by name, and not kept."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from specship.errors import DamagedArtifact
from specship.evidence.ledger import AnyEntry, names_in, open_line, packs_of, read_entry
from specship.evidence.packs import PackLine, line_at, listed_in, stamp_of


class EntryFiles:
    """Some folders of a ledger, with their packs."""

    def __init__(self, folders: Iterable[Path], *, keys: frozenset[bytes]) -> None:
        """`keys` are asked about as signers."""
        self.folders, self._keys = tuple(folders), keys
        self._stamps: dict[Path, tuple[int, ...]] = {}
        self._lines: dict[str, PackLine] = {}
        """Where entries stand in packs, by the name that a file of each would have."""
        self.no_lines: list[DamagedArtifact] = []
        """What stands in packs and is no line."""

    def names(self) -> Iterator[Iterator[str]]:
        """The names of all entries, folder by folder, those last that stand in packs."""
        for folder in self.folders:
            yield names_in(folder)
        self._list_packs()
        yield iter(self._lines)

    def entry(self, digest: bytes) -> AnyEntry:
        """An entry that is there.

        Raises:
            DamagedArtifact: it is not there, or not what its name says.
        """
        name = f"{digest.hex()}.json"
        paths = [path for folder in self.folders if (path := folder / name).is_file()]
        packed = None if paths else self._line(name)
        return packed or read_entry((*paths, self.folders[0] / name)[0], self._keys)

    def read(self, name: str) -> AnyEntry | DamagedArtifact:
        """What a file is; the first that cannot be read is told where several folders have one."""
        found: AnyEntry | DamagedArtifact | None = None
        for folder in self.folders:
            if os.path.lexists(path := f"{folder}/{name}"):
                try:
                    found = found or read_entry(Path(path), self._keys)
                except DamagedArtifact as error:
                    return error
        try:
            found = found or self._line(name)
        except DamagedArtifact as error:
            return error
        return found or DamagedArtifact("it is gone", at=self.folders[0] / name)

    def _line(self, name: str) -> AnyEntry | None:
        """The entry of a pack; None where no pack has it.

        Raises:
            DamagedArtifact: it is not what its line says.
        """
        self._list_packs()  # one that was replaced has its lines elsewhere
        place = self._lines.get(name)
        return None if place is None else open_line(line_at(place), place.at, keys=self._keys)

    def _list_packs(self) -> None:
        packs = [path for folder in self.folders for path in packs_of(folder)]
        stamps = {pack: stamp_of(pack) for pack in packs}
        if stamps == self._stamps:
            return
        self._stamps, self._lines, self.no_lines = stamps, {}, []
        for pack in packs:
            try:
                for one in listed_in(pack):
                    if isinstance(one, DamagedArtifact):
                        self.no_lines.append(one)
                    else:
                        self._lines.setdefault(f"{one[0]}.json", one[1])
            except DamagedArtifact as error:
                self.no_lines.append(error)
