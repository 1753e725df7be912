"""Fields of a protobuf message, written.

Source: protobuf.dev, encoding.
"""

from __future__ import annotations

import struct


def varint(value: int) -> bytes:
    """A whole number that is not negative, seven bits a byte."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, content: bytes) -> bytes:
    """Bytes, a text or a message."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def double(number: int, value: float) -> bytes:
    """A number of 64 bits."""
    return varint(number << 3 | 1) + struct.pack("<d", value)


def floating(number: int, value: float) -> bytes:
    """A number of 32 bits; one beyond them is infinite."""
    try:
        return varint(number << 3 | 5) + struct.pack("<f", value)
    except OverflowError:
        return varint(number << 3 | 5) + struct.pack("<f", float("inf") if value > 0 else float("-inf"))
