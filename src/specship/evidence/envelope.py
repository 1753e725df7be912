"""DSSE v1 envelopes: signed bytes of one declared type.

Source: secure-systems-lab/dsse, envelope.md. The signature covers the type together with the bytes, so
that what was signed as one kind of document is never read as another.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from pydantic import Field

from specship import strict_json
from specship.contracts.records import Frozen
from specship.errors import Place
from specship.evidence.signing import SigningKey, key_id, verifies

_AS_WRITTEN: Final = re.compile(
    rb'\{\n "payload": "(?P<payload>[A-Za-z0-9+/]*={0,2})",\n "payloadType": "(?P<type>[a-z0-9.+/-]*)",\n'
    rb' "signatures": \[\n  \{\n   "keyid": "[0-9a-f]*",\n   "sig": "(?P<sig>[A-Za-z0-9+/]*={0,2})"\n'
    rb"  \}\n \]\n\}\n"
)
"""An envelope as `seal_payload` lays it out: whatever reads JSON finds these three members in it."""


class Signature(Frozen):
    """One signature of an envelope."""

    keyid: str
    sig: str


class Envelope(Frozen):
    """A DSSE envelope; unknown members are refused because nobody signed them."""

    payloadType: str  # noqa: N815 - DSSE's own spelling
    payload: str
    signatures: tuple[Signature, ...] = Field(min_length=1)


def seal_payload(payload_type: str, statement: dict[str, Any], key: SigningKey) -> bytes:
    """The bytes of a file: a signed envelope around a document."""
    payload = json.dumps(statement, ensure_ascii=False, allow_nan=False, sort_keys=True).encode()
    signature = {
        "keyid": key_id(key.public),
        "sig": base64.b64encode(key.sign(payload_type, payload)).decode(),
    }
    envelope = {
        "payloadType": payload_type,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [signature],
    }
    return json.dumps(envelope, indent=1, sort_keys=True).encode() + b"\n"


@dataclass(frozen=True)
class Sealed:
    """What an envelope holds, with signatures that are verified when somebody asks who signed."""

    document: Any
    """The payload's value."""
    payload_type: str
    payload: bytes
    signatures: tuple[bytes, ...]
    keys: frozenset[bytes]
    """Those that are asked about."""

    @cached_property
    def signers(self) -> frozenset[bytes]:
        """The keys whose signature of this type and these bytes verifies."""
        return frozenset(
            key
            for key in self.keys
            if any(verifies(key, signature, self.payload_type, self.payload) for signature in self.signatures)
        )


def open_payload(payload_type: str, data: bytes, *, keys: frozenset[bytes], at: str) -> Sealed:
    """The document inside an envelope of one type, and which of the given keys signed it.

    Raises:
        UnusableInput: not JSON.
        ValueError: the envelope is not one that `seal_payload` writes for this type.
    """
    sealed = open_envelope(data, keys=keys, at=at)
    if sealed.payload_type != payload_type:
        raise ValueError(f"the payload is {sealed.payload_type!r}, not {payload_type!r}")
    return sealed


def open_envelope(data: bytes, *, keys: frozenset[bytes], at: str) -> Sealed:
    """The document inside an envelope of whatever type, and which of the given keys signed it.

    The payload is decoded once, and only the bytes that the signature covers are parsed.

    Raises:
        UnusableInput: not JSON.
        ValueError: the envelope is not one that `seal_payload` writes.
    """
    stated, coded, signatures = _envelope(data, at)
    payload = base64.b64decode(coded, validate=True)
    signed = tuple(base64.b64decode(signature, validate=True) for signature in signatures)
    return Sealed(strict_json.parse(payload, Place(at)), stated, payload, signed, keys)


def _envelope(data: bytes, at: str) -> tuple[str, str | bytes, list[str] | list[bytes]]:
    """Type, payload and signatures, the last two in base64."""
    if written := _AS_WRITTEN.fullmatch(data):
        return written["type"].decode(), written["payload"], [written["sig"]]
    envelope = Envelope.model_validate_json(json.dumps(strict_json.parse(data, Place(at))))
    return envelope.payloadType, envelope.payload, [entry.sig for entry in envelope.signatures]
