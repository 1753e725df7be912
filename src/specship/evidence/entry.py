"""What all kinds of entries of a ledger have in common, and the one way in which each is sealed and opened.

The kind of an entry is the type of its payload, which the signature covers: what was signed as one kind is
never read as another.
"""

from __future__ import annotations

import binascii
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, Self, TypeVar

from pydantic import ValidationError

from specship.contracts.records import Frozen
from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact
from specship.evidence.envelope import Sealed, open_envelope, seal_payload
from specship.evidence.signing import SigningKey


class LedgerRecord(Frozen, ABC):
    """The facts of one entry. A kind is a subclass in a module of its own, and a line in `ledger.KINDS`."""

    PAYLOAD_TYPE: ClassVar[str]
    WORDS: ClassVar[str]
    """What it is called in errors: `a statement of evidence`."""

    parents: tuple[str, ...] = ()
    """Digests of the ledger's heads that the writer saw, of whatever kind."""

    @property
    @abstractmethod
    def moment(self) -> datetime:
        """When it was signed, as its writer says."""

    @property
    def named(self) -> tuple[str, ...]:
        """Digests of all entries that it refers to."""
        return self.parents

    def document(self) -> dict[str, Any]:
        """The payload."""
        return self.model_dump(mode="json")

    @classmethod
    def of_document(cls, document: Any) -> Self:
        """The record that a payload is.

        Raises:
            ValidationError, KeyError, TypeError, ValueError, IndexError: it is none that `document` writes.
        """
        return cls.model_validate(document)


Record_co = TypeVar("Record_co", bound=LedgerRecord, covariant=True)


@dataclass(frozen=True, slots=True)
class LedgerEntry(Generic[Record_co]):
    """An entry whose envelope was read: its digest, its facts, and who signed it."""

    digest: str
    record: Record_co
    sealed: Sealed

    @property
    def signers(self) -> frozenset[bytes]:
        """Of the keys asked about, those whose signature verifies."""
        return self.sealed.signers


def seal_record(record: LedgerRecord, key: SigningKey) -> bytes:
    """The bytes of the entry's file: a signed DSSE envelope."""
    return seal_payload(record.PAYLOAD_TYPE, record.document(), key)


def open_record(
    data: bytes, kinds: Mapping[str, type[LedgerRecord]], *, keys: frozenset[bytes], at: str
) -> LedgerEntry[LedgerRecord]:
    """Read an entry of one of some kinds, and find which of the given keys signed it.

    Raises:
        DamagedArtifact: the envelope or the record is not one that `seal_record` writes.
    """
    words = next(iter(kinds.values())).WORDS if len(kinds) == 1 else "an entry of a ledger"
    try:
        sealed = open_envelope(data, keys=keys, at=at)
        kind = kinds.get(sealed.payload_type)
        if kind is None:
            raise ValueError(f"the payload is {sealed.payload_type!r}, not {' or '.join(map(repr, kinds))}")
        words = kind.WORDS
        record = kind.of_document(sealed.document)
    except (ValidationError, binascii.Error, KeyError, TypeError, ValueError, IndexError) as error:
        raise DamagedArtifact(
            f"not {words}: {_told(error)}",
            at=at, mend="restore the file from git, or set it aside with `specship evidence mend`",
        ) from error  # fmt: skip
    return LedgerEntry(sha256_bytes(data), record, sealed)


def _told(error: Exception) -> str:
    """The first thing that is wrong, with the member where it is."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg'].removeprefix('Value error, ')}"
    return f"{type(error).__name__}: {str(error).splitlines()[0]}"
