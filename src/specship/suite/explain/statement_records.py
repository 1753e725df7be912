"""What `specship evidence show` and `verify` know of what is signed, as records that every face prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from specship.contracts.records import Frozen
from specship.status.report import SignerReport

StatementKind = Literal["evidence", "attempt", "artifact", "receipt", "arming", "flip-rate"]


class StatementReport(Frozen):
    """One signed statement: who signed it, and whether it counts today."""

    digest: str
    """Of its bytes, which is its name."""
    kind: StatementKind
    path: str
    """Its file within the project."""
    about: str
    """In words."""
    moment: str
    """When it was signed, as it says itself; ISO 8601."""
    signers: tuple[SignerReport, ...]
    """Keys known here that signed it."""
    counts: bool
    """Whether it earns anything today: credit, or that credit can be earned."""
    why: tuple[str, ...] = ()
    """Why it does not count; for an attempt and a receipt, what they are for."""
    lineage: tuple[str, ...] = ()
    """The artifacts that it is about and all that they were made from, each behind what it was made from."""
    environment: str = ""
    """Device, system, commit, and whether files were not committed."""


@dataclass
class LedgerCheck:
    """Everything that is signed in a project, and what is wrong with it as a whole; told as it is read.

    Units: counts are statements. Source: decision 0031.
    """

    found: Iterable[StatementReport]
    """Each statement, once."""
    wrong: Callable[[], Iterable[str]]
    """What is wrong with the whole, asked once each statement was read."""
    read: int = 0
    counting: int = 0
    """Of those that were read, how many count today."""
    unsigned: int = 0
    """Of those that were read, how many no key known here signed."""

    def statements(self) -> Iterator[StatementReport]:
        """Each statement in the order in which they were signed; there is no second time."""
        for one in self.found:
            self.read += 1
            self.counting += one.counts
            self.unsigned += not one.signers
            yield one

    @cached_property
    def problems(self) -> tuple[str, ...]:
        """Damage, holes, what was committed and is gone, clocks that run backwards, lineage that ends."""
        return tuple(self.wrong())
