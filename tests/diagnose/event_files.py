"""Event files as TensorBoard's writer makes them, with a checksum that is computed in another way than ours."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping
from typing import Any


def crc32c(data: bytes) -> int:
    """Bit by bit, as RFC 3720 has it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def framed(event: bytes) -> bytes:
    length = struct.pack("<Q", len(event))
    return length + masked(length) + event + masked(event)


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def event(step: int, value: bytes) -> bytes:
    """An event with its time, its step and one value."""
    return b"\x09" + struct.pack("<d", 1.5) + b"\x10" + varint(step) + field(5, field(1, value))


def scalar(step: int, tag: str, value: float, *, tensor: bool = False) -> bytes:
    """As `add_scalar` writes it, in its old style or in its new one."""
    number = struct.pack("<f", value)
    content = field(8, b"\x08\x01" + b"\x2d" + number) if tensor else b"\x15" + number
    return event(step, field(1, tag.encode()) + content)


def text(tag: str, content: str) -> bytes:
    tensor = b"\x08\x07" + field(4, field(2, b"\x08\x01")) + field(8, content.encode())
    return event(0, field(1, f"{tag}/text_summary".encode()) + field(8, tensor))


def padded_event(length: int) -> bytes:
    """A text whose event has so many bytes; two forms of a length differ by a byte."""
    made = next(
        (one for size in range(length) if len(one := text("a", "x" * (length - size))) <= length), b""
    )
    return made + b"\x10\x00" * ((length - len(made)) // 2)


def events(
    records: Iterable[Mapping[str, Any]], arguments: Mapping[str, Any] | None = None, **config: Any
) -> bytes:
    """What a Trainer that wrote these records left, its arguments and its model's configuration."""
    made = [b"\x1a" + varint(13) + b"brain.Event:2"]
    if arguments is not None:
        made.append(text("args", json.dumps(arguments)))
    if config:
        made.append(text("model_config", json.dumps(config)))
    for record in records:
        for key, value in record.items():
            if key != "step":
                tag = f"eval/{key[5:]}" if key.startswith("eval_") else f"train/{key}"
                made.append(scalar(record["step"], tag, value))
    return b"".join(map(framed, made))
