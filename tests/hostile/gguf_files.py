"""GGUF files that llama.cpp must never see, and how they are built; each place is a byte offset.

In a file that begins with `ARCHITECTURE`, that key stands at byte 24 and the next thing at 69.
"""

import struct
from typing import Final

U32: Final = 4
I32: Final = 5
F32: Final = 6
BOOL: Final = 7
STRING: Final = 8
ARRAY: Final = 9


def text(value: str | bytes) -> bytes:
    """A text with its length before it."""
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def key(name: str | bytes, kind: int, value: bytes) -> bytes:
    """One key with its value."""
    return text(name) + struct.pack("<I", kind) + value


def number(name: str, value: int) -> bytes:
    """One key with an unsigned number of 32 bits."""
    return key(name, U32, struct.pack("<I", value))


def array(name: str, kind: int, length: int, elements: bytes = b"") -> bytes:
    """One key with an array; the claimed length need not be true."""
    return key(name, ARRAY, struct.pack("<IQ", kind, length) + elements)


def tensor(
    name: str | bytes = "t", dimensions: tuple[int, ...] = (8,), kind: int = 0, offset: int = 0
) -> bytes:
    """One entry of the list of tensors."""
    shape = struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
    return text(name) + shape + struct.pack("<IQ", kind, offset)


ARCHITECTURE: Final = key("general.architecture", STRING, text("llama"))
SMALL: Final = tensor()


def file(
    *keys: bytes,
    tensors: tuple[bytes, ...] = (SMALL,),
    data: bytes = b"\1" * 32,
    version: int = 3,
    tensor_count: int | None = None,
    key_count: int | None = None,
    alignment: int = 32,
    padding: bytes = b"\0",
) -> bytes:
    """A whole file; the counts are true unless they are given."""
    counts = (
        len(tensors) if tensor_count is None else tensor_count,
        len(keys) if key_count is None else key_count,
    )
    head = b"GGUF" + struct.pack("<IQQ", version, *counts) + b"".join(keys) + b"".join(tensors)
    return head + padding * (-len(head) % alignment) + data


def claims(tensors: tuple[bytes, ...], data: bytes = b"\1" * 32) -> bytes:
    """A file with an architecture and these tensors."""
    return file(ARCHITECTURE, tensors=tensors, data=data)


def among_keys(*keys: bytes) -> bytes:
    """A file with an architecture and, from byte 69 on, these keys."""
    return file(ARCHITECTURE, *keys)


FILES: Final[dict[str, tuple[bytes, str, int]]] = {
    "empty file": (b"", "cut short", 0),
    "three bytes": (b"GGU", "cut short", 0),
    "another format": (b"GGML" + b"\0" * 40, "does not begin with 'GGUF'", 0),
    "magic and nothing else": (b"GGUF", "cut short", 4),
    "version 1": (file(ARCHITECTURE, version=1), "version 1", 4),
    "version 4": (file(ARCHITECTURE, version=4), "version 4", 4),
    "the other byte order": (file(ARCHITECTURE, version=3 << 24), "the file is big-endian: its version 3", 4),
    "no tensors": (claims(()), "it holds no tensor", 8),
    "2^63 tensors": (file(ARCHITECTURE, tensor_count=2**63), "9223372036854775808 tensors", 8),
    "more tensors than bytes": (file(ARCHITECTURE, tensor_count=7), "7 tensors are claimed; at most 5", 8),
    "one tensor too many": (file(ARCHITECTURE, tensor_count=2), "a tensor's name is empty", 102),
    "no keys": (file(), "0 keys are claimed", 16),
    "2^63 keys": (file(ARCHITECTURE, key_count=2**63), "9223372036854775808 keys", 16),
    "one key too many": (file(ARCHITECTURE, key_count=2), "a tensor's name is empty", 83),
    "one key too few": (file(ARCHITECTURE, number("a", 1), key_count=1), "a has impossible dim", 69),
    "cut inside a key": (file(ARCHITECTURE)[:60], "8 bytes are wanted, 4 are left", 56),
    "empty key": (among_keys(number("", 0)), "a key is empty", 69),
    "key that is not UTF-8": (among_keys(key(b"\xff\xfe", U32, b"\0" * 4)), "a key is not UTF-8", 69),
    "key with a newline": (among_keys(number("a\nb", 0)), "control characters", 69),
    "key of 2^64 - 1 bytes": (among_keys(struct.pack("<Q", 2**64 - 1)), "a key of 18446744073709551615", 69),
    "a key twice": (file(ARCHITECTURE, ARCHITECTURE), "stands in the file twice", 69),
    "text of 2^62 bytes": (
        among_keys(key("a", STRING, struct.pack("<Q", 2**62))),
        "a text of 4611686018",
        82,
    ),
    "text one byte longer than the file": (
        file(key("a", STRING, struct.pack("<Q", 84))),
        "a text of 84 bytes; allowed are 1048576, left in the file 83",
        37,
    ),
    "text of a tokenizer that is not UTF-8": (
        among_keys(key("tokenizer.a", STRING, text(b"\xc3"))),
        "a text of tokenizer.a is not UTF-8",
        92,
    ),
    "array of 2^63 elements": (among_keys(array("a", U32, 2**63)), "9223372036854775808 elements", 82),
    "array whose bytes wrap to 4": (among_keys(array("a", U32, 2**62 + 1)), "4611686018427387905 el", 82),
    "array of texts longer than the file": (among_keys(array("a", STRING, 2**40)), "1099511627776 el", 82),
    "array whose last text is too long": (
        among_keys(array("a", STRING, 2, text("x") + struct.pack("<Q", 2**32))),
        "a text of 4294967296 bytes",
        103,
    ),
    "nested array": (among_keys(array("a", ARRAY, 1)), "an array of value type 9", 82),
    "array of an unknown type": (among_keys(array("a", 13, 1)), "an array of value type 13", 82),
    "unknown value type": (among_keys(key("a", 13, b"\0" * 8)), "unknown value type 13", 78),
    "truth value 7": (among_keys(key("a", BOOL, b"\7")), "a truth value of 7", 82),
    "truth value 2 in an array": (among_keys(array("a", BOOL, 3, b"\0\1\2")), "a truth value of 2", 96),
    "alignment as a text": (among_keys(key("general.alignment", STRING, text("32"))), "must have 4", 94),
    "alignment as a signed number": (
        among_keys(key("general.alignment", I32, struct.pack("<i", 32))),
        "has value type 5, it must have 4",
        94,
    ),
    "architecture as a number": (file(number("general.architecture", 1)), "it must have 8", 52),
    "token types as bytes": (
        among_keys(array("tokenizer.ggml.token_type", 0, 1, b"\1")),
        "has value type (9, 0), it must have (9, 5)",
        102,
    ),
    "tokens as one text": (
        among_keys(key("tokenizer.ggml.tokens", STRING, text("a"))),
        "must have (9, 8)",
        98,
    ),
    "layers as a text": (among_keys(key("llama.block_count", STRING, text("1"))), "it must have 4", 94),
    "layers as a text, under a long name": (
        among_keys(key("a.b.block_count", STRING, text("1"))),
        "it must have 4",
        92,
    ),
    "alignment 0": (among_keys(number("general.alignment", 0)), "an alignment of 0", 69),
    "alignment 24": (among_keys(number("general.alignment", 24)), "an alignment of 24", 69),
    "alignment 2^31": (among_keys(number("general.alignment", 2**31)), "an alignment of 2147483648", 69),
    "no layers": (among_keys(number("llama.block_count", 0)), "room for 1 to 512", 69),
    "2^32 - 1 layers": (among_keys(number("llama.block_count", 2**32 - 1)), "room for 1 to 512", 69),
    "empty tensor name": (claims((tensor(""),)), "name is empty or", 69),
    "tensor name with NUL": (claims((tensor("a\0b"),)), "name is empty or holds control characters", 69),
    "tensor name that is not UTF-8": (claims((tensor(b"\xff"),)), "name is not UTF-8", 69),
    "tensor name of 2^63 bytes": (claims((struct.pack("<Q", 2**63) + b"\0" * 24,)), "name of 92233720", 69),
    "no dimensions": (claims((tensor(dimensions=()),)), "has 0 dimensions", 69),
    "2^32 - 1 dimensions": (claims((text("t") + b"\xff" * 24,)), "has 4294967295 dimensions", 69),
    "dimension 0": (claims((tensor(dimensions=(0,)),)), "impossible dimensions (0,)", 69),
    "dimension 0 behind others": (claims((tensor(dimensions=(8, 0)),)), "impossible dimensions", 69),
    "dimension of 2^64 - 1": (claims((tensor(dimensions=(2**64 - 1,)),)), "impossible dimensions", 69),
    "product that wraps to 8": (claims((tensor(dimensions=(2**32, 2**32 + 8)),)), "impossible dim", 69),
    "product that wraps to 0": (claims((tensor(dimensions=(2**16,) * 4),)), "impossible dimensions", 69),
    "unknown element type": (claims((tensor(kind=99),)), "unknown element type 99", 69),
    "element type that was withdrawn": (claims((tensor(kind=4),)), "unknown element type 4", 69),
    "rows that are no whole blocks": (claims((tensor(kind=12, dimensions=(255,)),)), "no whole blocks", 69),
    "a tensor twice": (
        claims((tensor(), tensor(offset=32)), b"\1" * 64),
        "'t' stands in the file twice",
        102,
    ),
    "two tensors on the same bytes": (
        claims((tensor("a"), tensor("b")), b"\1" * 64),
        "b begins at byte 160 instead of 192",
        102,
    ),
    "tensors in the wrong order": (
        claims((tensor("a", offset=32), tensor("b")), b"\1" * 64),
        "a begins at byte 192 instead of 160",
        69,
    ),
    "hole between two tensors": (
        claims((tensor("a"), tensor("b", offset=64)), b"\1" * 96),
        "b begins at byte 224 instead of 192",
        102,
    ),
    "misaligned offset": (claims((tensor(offset=4),), b"\1" * 64), "byte 132 instead of 128", 69),
    "offset of 2^64 - 32": (claims((tensor(offset=2**64 - 32),)), "instead of 128", 69),
    "data of 2^62 bytes in a small file": (
        claims((tensor(dimensions=(2**60,)),)),
        "the file was cut at 160",
        69,
    ),
    "one byte short": (claims((SMALL,), b"\1" * 31), "would end at byte 160; the file was cut at 159", 69),
    "no data": (claims((SMALL,), b""), "the file was cut at 128", 69),
    "cut in the padding": (claims((SMALL,))[:110], "the file ends at byte 110, before its data", 110),
    "one byte behind": (claims((SMALL,), b"\1" * 33), "the tensors end at byte 160, the file at 161", 160),
    "a second file behind": (file(ARCHITECTURE) * 2, "the tensors end at byte 160, the file at 320", 160),
    "padding before the data that is not zero": (
        file(ARCHITECTURE, padding=b"\1"),
        "padding that is not zero",
        102,
    ),
    "padding between tensors that is not zero": (
        claims((tensor("a", (1,)), tensor("b", offset=32)), b"\1" * 4 + b"\0" * 20 + b"\2" * 8 + b"\1" * 32),
        "padding that is not zero",
        184,
    ),
    "padding at the end that is not zero": (
        claims((tensor(dimensions=(1,)),), b"\1" * 4 + b"\0" * 27 + b"\1"),
        "padding that is not zero",
        159,
    ),
}

SOUND: Final[dict[str, bytes]] = {
    "one tensor": file(ARCHITECTURE),
    "version 2": file(ARCHITECTURE, version=2),
    "every scalar": file(
        ARCHITECTURE,
        *(
            key(f"scalar.{kind}", kind, struct.pack(form, 1))
            for kind, form in enumerate(["<B", "<b", "<H", "<h", "<I", "<i", "<f", "<?"])
        ),
        *(
            key(f"long.{kind}", kind, struct.pack(form, 1))
            for kind, form in ((10, "<Q"), (11, "<q"), (12, "<d"))
        ),
    ),
    "arrays": file(
        ARCHITECTURE,
        array("numbers", U32, 3, struct.pack("<3I", 1, 2, 3)),
        array("texts", STRING, 2, text("caf\xe9") + text("x")),
        array("truths", BOOL, 2, b"\1\0"),
    ),
    "two tensors, padded, of two types": claims(
        (tensor("a", (3,)), tensor("b", (4, 2), kind=1, offset=32)), b"\1" * 12 + b"\0" * 20 + b"\2" * 16
    ),
    "alignment 64": file(ARCHITECTURE, number("general.alignment", 64), alignment=64),
    "padded at the end": claims((tensor(dimensions=(1,)),), b"\1" * 4 + b"\0" * 28),
}
