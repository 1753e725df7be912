"""The receipt of a test session: what was asked of it, what it ran, and who could have changed what it showed.

A receipt earns nothing. It explains: a gate that is missing was deselected, a session that showed green had a
hook which rewrites outcomes. A session that was ended from inside leaves none. Format: a DSSE v1 envelope of a
type of its own, so that no receipt is ever read as evidence.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import Field, ValidationError

from specship.contracts.records import Frozen
from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact
from specship.evidence.envelope import Sealed, open_payload, seal_payload
from specship.evidence.signing import SigningKey
from specship.evidence.statement import Environment

PAYLOAD_TYPE: Final = "application/vnd.specship.receipt+json"

GateEnding = Literal[
    "PASS", "FAIL", "ERROR", "BLOCKED", "UNBOUND", "passed over", "deselected", "not collected"
]
"""A verdict, or why there is none: the session came to the gate and did not judge it (`passed over`), options or
hooks left it out (`deselected`), or nobody looked into its contract (`not collected`)."""
_VERDICTS: Final = frozenset({"PASS", "FAIL", "ERROR", "BLOCKED", "UNBOUND"})


class Rewritten(Frozen):
    """A gate that was shown as something better than its verdict."""

    gate: str
    verdict: str
    """The judge's; empty where the gate was never judged."""
    shown: str
    """What pytest showed."""
    by: tuple[str, ...] = ()
    """Hooks and files that could have done it."""


class Receipt(Frozen):
    """One session over the gates of a project.

    Units: times are UTC. Lists are sorted, but for arguments, which stand as they were given.
    """

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
    """Every gate that the contracts name, and how it ended: computed from YAML, not from what was collected."""
    reruns: Mapping[str, int] = {}
    """Gates that ran several times, and how often."""
    rewritten: tuple[Rewritten, ...] = ()
    exit_status: int = Field(ge=0)
    """What the session ended with."""
    environment: Environment
    started: datetime
    ended: datetime
    parents: tuple[str, ...] = ()
    """Digests of the ledger's heads at its end."""

    @property
    def expected(self) -> int:
        """How many gates the contracts name."""
        return len(self.gates)

    @property
    def judged(self) -> frozenset[str]:
        """The gates that came to a verdict."""
        return frozenset(gate for gate, ending in self.gates.items() if ending in _VERDICTS)


@dataclass(frozen=True, slots=True)
class OpenedReceipt:
    """A receipt whose envelope was read: its facts, its digest, and who signed it."""

    digest: str
    receipt: Receipt
    sealed: Sealed

    @property
    def signers(self) -> frozenset[bytes]:
        """Of the keys asked about, those whose signature verifies."""
        return self.sealed.signers


def seal_receipt(receipt: Receipt, key: SigningKey) -> bytes:
    """The bytes of the receipt's file: a signed DSSE envelope."""
    return seal_payload(PAYLOAD_TYPE, receipt.model_dump(mode="json"), key)


def unseal_receipt(data: bytes, *, keys: frozenset[bytes], at: str) -> OpenedReceipt:
    """Read a receipt, and find which of the given keys signed it.

    Raises:
        DamagedArtifact: the envelope or the receipt is not one that `seal_receipt` writes.
    """
    try:
        sealed = open_payload(PAYLOAD_TYPE, data, keys=keys, at=at)
        return OpenedReceipt(sha256_bytes(data), _receipt(sealed.document), sealed)
    except (ValidationError, binascii.Error, TypeError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise DamagedArtifact(
            f"not a receipt of a session: {type(error).__name__}: {first}",
            at=at, mend="restore the file from git, or delete it; a receipt earns nothing",
        ) from error  # fmt: skip


def _receipt(document: Any) -> Receipt:
    return Receipt.model_validate(document)
