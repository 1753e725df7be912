"""Digests of files and of meaning; those of code are in `code_digests`.

A digest of meaning is taken over strings, whole numbers below 2**53 and decimal text, never
over binary floats, so that it is the same on every machine (`4.7` and `4.70` agree, `0.0` and `-0.0`
too). A whole number, a decimal one, a text and a truth value never agree.
"""

from __future__ import annotations

import hashlib
import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

_CHUNK_BYTES = 1 << 20


def sha256_bytes(data: bytes) -> str:
    """Hex sha256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Hex sha256 of a file, streamed."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


_MARKS = ("int:", "decimal:", "text:")
"""What canonical texts of numbers begin with; a text that begins so by itself is marked too."""


def canonical(value: Any) -> Any:
    """A value as plain JSON, in which numbers that a reader could round are marked texts.

    Raises:
        ValueError: a float that is not finite, a key that is no text, or a type without canonical form.
    """
    match value:
        case None | bool():
            return value
        case str():
            return f"text:{value}" if value.startswith(_MARKS) else value
        case int():
            return value if abs(value) < 2**53 else f"int:{value}"
        case float():
            if not math.isfinite(value):
                raise ValueError(f"{value!r} has no canonical form")
            # Adding 0.0 turns -0.0, which equals it, into it.
            return f"decimal:{Decimal(repr(value + 0.0)).normalize():f}"
        case dict() if all(isinstance(key, str) for key in value):  # else 1 and "1" would be one key
            return {str(key): canonical(item) for key, item in value.items()}
        case list() | tuple():
            return [canonical(item) for item in value]
        case set() | frozenset():
            return sorted((canonical(item) for item in value), key=json.dumps)
    raise ValueError(f"{type(value).__name__} has no canonical form")


def digest_of(meaning: Any) -> str:
    """Hex sha256 of the canonical JSON of plain values; key order does not matter."""
    text = json.dumps(canonical(meaning), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256_bytes(text.encode())
