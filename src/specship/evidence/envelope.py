"""DSSE v1 envelopes: signed bytes of one declared type.

Source: secure-systems-lab/dsse, envelope.md. The signature covers the type together with the bytes, so
that what was signed as one kind of document is never read as another.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from pydantic import Field

from specship import strict_json
from specship.contracts.records import Frozen
from specship.errors import Place
from specship.evidence.signing import SigningKey, key_id, verifies


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


def open_payload(
    payload_type: str, data: bytes, *, keys: frozenset[bytes], at: str
) -> tuple[Any, frozenset[bytes]]:
    """The document inside an envelope, and which of the given keys signed it.

    The payload is decoded once, and only the bytes that the signature covers are parsed.

    Raises:
        UnusableInput: not JSON.
        ValueError: the envelope is not one that `seal_payload` writes for this type.
    """
    envelope = Envelope.model_validate_json(json.dumps(strict_json.parse(data, Place(at))))
    if envelope.payloadType != payload_type:
        raise ValueError(f"the payload is {envelope.payloadType!r}, not {payload_type!r}")
    payload = base64.b64decode(envelope.payload, validate=True)
    signatures = [base64.b64decode(entry.sig, validate=True) for entry in envelope.signatures]
    signers = frozenset(
        key
        for key in keys
        if any(verifies(key, signature, envelope.payloadType, payload) for signature in signatures)
    )
    return strict_json.parse(payload, Place(at)), signers
