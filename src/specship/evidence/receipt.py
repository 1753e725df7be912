"""The receipt of a test session: what was asked of it, what it ran, and who could have changed its words.

A receipt earns nothing. It explains: a gate that is missing was deselected, a session that showed green had
a hook which rewrites outcomes. A session that was ended from inside leaves none. Format: a DSSE v1 envelope
of a type of its own, so that no receipt is ever read as evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final, Literal

from pydantic import AwareDatetime, Field

from specship.contracts.records import Frozen
from specship.evidence.entry import LedgerRecord
from specship.evidence.statement import Environment

GateEnding = Literal[
    "PASS", "FAIL", "ERROR", "BLOCKED", "UNBOUND", "no verdict", "passed over", "deselected", "not collected"
]  # fmt: skip
"""A verdict; that a gate was run and nothing counts as one (`no verdict`); or why it was not run: selected
and not judged (`passed over`), left out by options or hooks (`deselected`), or in a contract that nobody
looked into."""
NOT_RUN: Final = frozenset({"passed over", "deselected", "not collected"})
LAST: Final = "last-receipt"
"""File beside a ledger that holds the digest of the newest receipt, so that nobody reads all for one."""


class Rewritten(Frozen):
    """A gate that was shown as something better than its verdict."""

    gate: str
    verdict: str
    """The judge's; empty where the gate was never judged."""
    shown: str
    """What pytest showed."""
    by: tuple[str, ...] = ()
    """Hooks and files that could have done it."""


class Receipt(LedgerRecord):
    """One session over the gates of a project.

    Units: times are UTC. Lists are sorted, but for arguments, which stand as they were given.
    Source: decision 0033.
    """

    PAYLOAD_TYPE: ClassVar = "application/vnd.specship.receipt+json"
    WORDS: ClassVar = "a receipt of a session"

    format: Literal["specship-receipt/1"] = "specship-receipt/1"
    profile: str
    arguments: tuple[str, ...]
    """The command line without its program."""
    addopts: tuple[str, ...] = ()
    """What the settings file of pytest adds to it."""
    variables: Mapping[str, str] = {}
    """Variables of the environment that begin with PYTEST or PYTHON."""
    flags: Mapping[str, int] = {}
    """Of the interpreter (`sys.flags`), those that are set."""
    plugins: Mapping[str, str] = {}
    """Plugins that are not pytest's own, with the version of their distribution; empty for those of none."""
    conftests: Mapping[str, str] = {}
    """Digest of each conftest.py, by its path."""
    hooks: Mapping[str, tuple[str, ...]] = {}
    """Foreign implementations of hooks that decide about outcomes: file and line of each."""
    replaced: tuple[str, ...] = ()
    """Functions of pytest and of specship that were not those of their source files."""
    gates: Mapping[str, GateEnding]
    """Every gate of the contracts and how it ended: known from YAML, not from what was collected."""
    reruns: Mapping[str, int] = {}
    """Gates that ran several times, and how often."""
    rewritten: tuple[Rewritten, ...] = ()
    exit_status: int = Field(ge=0)
    """What the session ended with."""
    environment: Environment
    started: AwareDatetime
    ended: AwareDatetime

    @property
    def moment(self) -> datetime:
        """When it ended."""
        return self.ended

    @property
    def expected(self) -> int:
        """How many gates the contracts name."""
        return len(self.gates)

    @property
    def judged(self) -> frozenset[str]:
        """The gates that were run."""
        return frozenset(gate for gate, ending in self.gates.items() if ending not in NOT_RUN)
