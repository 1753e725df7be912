"""SentencePiece models byte by byte, sound and broken."""

import struct
from typing import Final


def varint(value: int) -> bytes:
    """A number as protobuf writes it."""
    found = b""
    while value >= 0x80:
        found += bytes([value & 0x7F | 0x80])
        value >>= 7
    return found + bytes([value])


def number(field: int, value: int) -> bytes:
    """A field that is a number."""
    return varint(field << 3) + varint(value)


def content(field: int, value: bytes) -> bytes:
    """A field that is a text, bytes or a message."""
    return varint(field << 3 | 2) + varint(len(value)) + value


def score(value: float) -> bytes:
    """The score of a piece."""
    return varint(2 << 3 | 5) + struct.pack("<f", value)


def piece(text: str | bytes, kind: int = 1, value: float = -1.0) -> bytes:
    """A piece of the model."""
    data = text if isinstance(text, bytes) else text.encode()
    return content(1, content(1, data) + score(value) + number(3, kind))


UNKNOWN: Final = piece("<unk>", 2, 0.0)
TRAINER: Final = content(2, number(3, 1) + number(41, 0xFFFF_FFFF_FFFF_FFFF) + number(42, 0xFFFF_FFFF))
"""Unigrams without begin and end; -1 in both widths in which protobuf writes it."""
SOUND: Final = UNKNOWN + piece("▁a") + piece("b") + TRAINER + content(3, content(2, b"map") + number(4, 0))
BYTES: Final = b"".join(piece(f"<0x{byte:02X}>", 6) for byte in range(256))


def pieces(count: int) -> bytes:
    """A model of so many pieces."""
    return UNKNOWN + b"".join(piece(f"p{at}") for at in range(count - 1)) + TRAINER


def long(length: int) -> bytes:
    """A sound model of so many bytes, most of them in a field that nobody reads."""
    rest = length - len(SOUND) - len(varint(200 << 3 | 2))
    width = next(w for w in range(1, 6) if len(varint(rest - w)) == w)
    return SOUND + content(200, b"\0" * (rest - width))


FILES: Final[dict[str, tuple[bytes, str]]] = {
    "empty": (b"", "0 pieces stand for what is unknown"),
    "no model": (b"not a model", "not a sound SentencePiece model"),
    "json": (b'{"a": 1}', "not a sound SentencePiece model"),
    "tiktoken": (b"IQ== 0\nIg== 1\n", "not a sound SentencePiece model"),
    "no unknown": (piece("a"), "0 pieces stand for what is unknown"),
    "two unknown": (UNKNOWN + UNKNOWN, "2 pieces stand for what is unknown"),
    "cut in a piece": (SOUND[:10], "ends behind its message"),
    "cut in a number": (b"\x0a\x80", "a number that does not end"),
    "endless number": (b"\x80" * 32, "a number that does not end"),
    "claims much": (b"\x0a" + varint(1 << 60), "ends behind its message"),
    "field zero": (b"\x00\x01", "has no number"),
    "group": (b"\x0b\x0c", "wire type 3"),
    "wire type": (b"\x0f", "wire type 7"),
    "inner too long": (content(1, b"\x0a\x7fabc"), "ends behind its message"),
    "not UTF-8": (UNKNOWN + piece(b"\xff\xfe"), "not UTF-8"),
    "empty piece": (UNKNOWN + piece(""), "the piece ''"),
    "no text": (UNKNOWN + content(1, number(3, 1)), "a number where something longer belongs, or nothing"),
    "number for text": (UNKNOWN + content(1, number(1, 5)), "a number where something longer belongs"),
    "number for a piece": (number(1, 7), "a number where something longer belongs"),
    "unknown type": (UNKNOWN + piece("a", 9), "of type 9"),
    "score": (UNKNOWN + piece("a", 1, float("nan")), "with the score nan"),
    "infinite score": (UNKNOWN + piece("a", 1, float("inf")), "with the score inf"),
    "special id": (UNKNOWN + content(2, number(41, 1) + number(42, 5)), "the id of bos is 1, there are 1"),
    "text for a number": (UNKNOWN + content(2, content(3, b"x")), "field 3 is no number"),
    "few bytes": (UNKNOWN + piece("<0x00>", 6) + content(2, number(35, 1)), "has 1 pieces for them"),
    "byte twice": (UNKNOWN + BYTES + piece("<0x00>", 6) + content(2, number(35, 1)), "has 257 pieces"),
    "trainer is a number": (UNKNOWN + number(2, 5), "a number where something longer belongs"),
}
"""Bad files in plain words: bytes, and what is said of them."""
