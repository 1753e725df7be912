"""Which files a ledger has, held against the digests that an index knows: quick for many thousand."""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from typing import Final

from specship.evidence.upkeep.index import DIGEST_BYTES, split

_LENGTH: Final = 2 * DIGEST_BYTES + len(".json")
"""Of the name of an entry's file."""
_AT_ONCE: Final = 4096
"""Names that are looked at together."""


class Listing:
    """The names of a ledger's entries; a digest takes 32 bytes here, a text of it four times as many."""

    def __init__(self) -> None:
        self._shelves = [bytearray() for _ in range(256)]
        """Digests by their first byte, one after the other."""
        self._others: set[str] = set()
        """Names that are no digest."""

    def __len__(self) -> int:
        return sum(map(len, self._shelves)) // DIGEST_BYTES + len(self._others)

    def take(self, names: Iterator[str]) -> None:
        """And these names, that end in `.json` all of them."""
        while some := list(islice(names, _AT_ONCE)):
            for digest in self._digests(some):
                self._shelves[digest[0]] += digest

    def _digests(self, names: list[str]) -> list[bytes]:
        text = "".join(name[:-5] for name in names if len(name) == _LENGTH)
        with contextlib.suppress(ValueError):
            if (raw := bytes.fromhex(text)).hex() == text and len(text) == len(names) * 2 * DIGEST_BYTES:
                return split(raw)
        if len(names) == 1:
            self._others.update(names)
            return []
        return [digest for name in names for digest in self._digests([name])]

    def names(self) -> Iterator[str]:
        """All of them."""
        yield from (f"{digest.hex()}.json" for shelf in self._shelves for digest in split(shelf))
        yield from self._others

    def beside(self, known: bytes) -> tuple[set[str], set[bytes]]:
        """The names that are not among some digests, and those digests that have no name here.

        `known` are in order, one after the other. Shelf by shelf, so that no two sets of all are held.
        """
        fresh, gone = set(self._others), set[bytes]()
        places, start = range(0, len(known), DIGEST_BYTES), 0
        for first, shelf in enumerate(self._shelves):
            end = bisect_right(places, first, key=known.__getitem__) * DIGEST_BYTES
            here, there = set(split(shelf)), set(split(known[start:end]))
            fresh.update(f"{digest.hex()}.json" for digest in here - there)
            gone |= there - here
            start = end
        return fresh, gone
