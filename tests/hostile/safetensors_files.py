"""safetensors files that no checkpoint is; each place is a byte offset."""

import json
from typing import Any, Final

FLOATS: Final = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
EIGHT: Final = b"\0" * 8


def stored(header: Any, data: bytes = EIGHT) -> bytes:
    """A whole file: length, header (JSON unless it is bytes already), data."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def one(name: str = "a", data: bytes = EIGHT, **changes: Any) -> bytes:
    """A file of one tensor with some of its entry changed."""
    return stored({name: FLOATS | changes}, data)


BYTES: Final = {"dtype": "U8", "shape": [4]}

FILES: Final[dict[str, tuple[bytes, str, int]]] = {
    "empty file": (b"", "too few", 0),
    "half a length": (b"\2\0\0\0", "too few", 0),
    "length alone": ((2).to_bytes(8, "little"), "too few", 0),
    "header longer than the file": ((10**6).to_bytes(8, "little") + b"{}", "claims 1000000 bytes", 0),
    "header one byte longer than the file": ((3).to_bytes(8, "little") + b"{}", "claims 3 bytes", 0),
    "length of 2^64 - 1": (b"\xff" * 8 + b"{}", "claims 18446744073709551615", 0),
    "length of 2^63": ((2**63).to_bytes(8, "little") + b"{}", "claims 9223372036854775808", 0),
    "length of 0": (stored(b""), "does not begin with '{'", 8),
    "length in the other byte order": ((2).to_bytes(8, "big") + b"{}", "claims", 0),
    "a pickle": (b"\x80\x02}q\x00." + EIGHT * 4, "claims", 0),
    "an archive": (b"PK\3\4" + EIGHT * 4, "claims 67324752 bytes", 0),
    "blank before the header": (stored(b' {"a": 1}'), "does not begin with '{'", 8),
    "byte-order mark before the header": (stored(b"\xef\xbb\xbf{}"), "does not begin", 8),
    "a list": (stored(b"[1]"), "does not begin with '{'", 8),
    "not JSON": (stored(b"{nonsense"), "cannot be read as JSON", 9),
    "two objects": (stored(b"{}{}"), "Extra data", 10),
    "NUL bytes behind the header": (stored(b"{}\0\0"), "Extra data", 10),
    "not UTF-8": (stored(b'{"\xff": 1}'), "not UTF-8", 10),
    "half a surrogate pair": (stored(b'{"\\ud800": 1}'), "lone surrogate", 9),
    "a name twice": (stored(b'{"a": 1, "b": 2, "a": 3}'), "'a' is given twice", 25),
    "a name twice, once escaped": (stored(b'{"a": 1, "\\u0061": 2}'), "'a' is given twice", 17),
    "a key of an entry twice": (
        stored(b'{"a":{"dtype":"F32","dtype":"U8","shape":[2],"data_offsets":[0,8]}}'),
        "'dtype' is given twice",
        28,
    ),
    "metadata twice": (stored(b'{"__metadata__":{},"__metadata__":{}}'), "is given twice", 27),
    "a key of the metadata twice": (
        stored(b'{"__metadata__":{"a":"1","a":"2"}}'),
        "'a' is given twice",
        33,
    ),
    "NaN as a dimension": (stored(b'{"a": {"shape": [NaN]}}'), "NaN is not JSON", 25),
    "no tensor": (stored(b"{}", b""), "0 tensors", 8),
    "metadata and no tensor": (stored({"__metadata__": {"a": "b"}}, b""), "0 tensors", 8),
    "metadata that is no map": (stored({"a": FLOATS, "__metadata__": [1]}), "__metadata__ is not a map", 70),
    "metadata that is false": (stored({"__metadata__": False, "a": FLOATS}), "__metadata__ is not a map", 9),
    "metadata that is no text": (stored({"__metadata__": {"a": 1}, "a": FLOATS}), "not a map of texts", 9),
    "nested without end": (stored(b'{"a":' + b"[" * 100_000), "nested deeper than 4", 16),
    "shape five deep": (stored(b'{"a":{"shape":[[[1]]]}}'), "nested deeper than 4", 24),
    "empty name": (one(""), "no tensor name", 9),
    "name with NUL": (one("a\0b"), "no tensor name", 9),
    "name with an escape sequence": (one("a\33[2J"), "no tensor name", 9),
    "name with a reversed reading order": (one("a\u202eb"), "no tensor name", 9),
    "second name is bad": (
        stored({"a": BYTES | {"data_offsets": [0, 4]}, "b\n": BYTES | {"data_offsets": [4, 8]}}),
        "no tensor name",
        69,
    ),
    "entry that is a list": (stored({"a": [1]}), "exactly dtype", 9),
    "entry that is null": (stored({"a": None}), "exactly dtype", 9),
    "unknown key in an entry": (one(more=1), "exactly dtype", 9),
    "entry without a shape": (stored({"a": {"dtype": "F32", "data_offsets": [0, 8]}}), "exactly dtype", 9),
    "unknown type": (one(dtype="F31"), "unknown element type", 9),
    "type in small letters": (one(dtype="f32"), "unknown element type", 9),
    "type that is a number": (one(dtype=32), "unknown element type '32'", 9),
    "type that is a list": (one(dtype=["F32"]), "unknown element type", 9),
    "shape that is a number": (one(shape=2), "a dimension is a whole number", 9),
    "negative dimension": (one(shape=[-2]), "a dimension is a whole number", 9),
    "two negative dimensions": (one(shape=[-1, -2]), "a dimension is a whole number", 9),
    "decimal dimension": (one(shape=[2.0]), "a dimension is a whole number", 9),
    "truth as a dimension": (one(shape=[True, 2]), "a dimension is a whole number", 9),
    "text as a dimension": (one(shape=["2"]), "a dimension is a whole number", 9),
    "dimension of 2^53 + 1": (one(shape=[2**53 + 1]), "beyond 2**53", 41),
    "product that wraps to 2": (one(shape=[2**33, 2**31, 2]), "more than 2^53 elements", 9),
    "product of 100 000 dimensions": (one(shape=[2**53] * 100_000), "more than 2^53 elements", 9),
    "product too large before a zero": (
        one(shape=[2**53, 2**53, 0], data_offsets=[0, 0], data=b""),
        "more than 2^53 elements",
        9,
    ),
    "shape larger than the bytes": (one(shape=[3]), "8 bytes do not hold 12", 9),
    "shape smaller than the bytes": (one(shape=[1]), "8 bytes do not hold 4", 9),
    "offsets the wrong way round": (one(data_offsets=[8, 0]), "-8 bytes do not hold 8", 9),
    "negative offset": (one(data_offsets=[-8, 0]), "data_offsets are two", 9),
    "one offset": (one(data_offsets=[8]), "data_offsets are two", 9),
    "three offsets": (one(data_offsets=[0, 8, 8]), "data_offsets are two", 9),
    "offsets as texts": (one(data_offsets=["0", "8"]), "data_offsets are two", 9),
    "hole before the data": (one(data=EIGHT * 2, data_offsets=[8, 16]), "begins at byte 78", 78),
    "hole between two tensors": (
        stored({"a": FLOATS, "b": FLOATS | {"data_offsets": [16, 24]}}, EIGHT * 3),
        "the tensor before it ends at 140",
        148,
    ),
    "two tensors on the same bytes": (stored({"a": FLOATS, "b": FLOATS}), "begins at byte 130", 130),
    "overlap of half a tensor": (
        stored({"a": FLOATS, "b": FLOATS | {"data_offsets": [4, 12]}}, EIGHT * 2),
        "b begins at byte 135",
        135,
    ),
    "empty tensor inside another": (
        stored({"a": FLOATS, "b": {"dtype": "F32", "shape": [0], "data_offsets": [4, 4]}}),
        "b begins at byte 134",
        134,
    ),
    "one byte behind": (one(data=b"\0" * 9), "no tensor owns", 77),
    "one byte short": (one(data=b"\0" * 7), "cut short", 76),
    "no data at all": (one(data=b""), "cut short", 69),
    "data of 2^53 bytes in a small file": (
        one(dtype="U8", shape=[2**53], data_offsets=[0, 2**53]),
        "cut short",
        106,
    ),
}

SOUND: Final[dict[str, bytes]] = {
    "one tensor": one(),
    "half floats and bytes": stored(
        {
            "w": {"dtype": "F16", "shape": [2, 2], "data_offsets": [0, 8]},
            "b": {"dtype": "U8", "shape": [3], "data_offsets": [8, 11]},
        },
        bytes(range(11)),
    ),
    "file order is not name order": stored(
        {"b": FLOATS | {"data_offsets": [8, 16]}, "a": FLOATS}, EIGHT + b"\0\0\x80\x3f" * 2
    ),
    "empty tensors at boundaries, a scalar": stored(
        {
            "first": {"dtype": "I64", "shape": [0, 3], "data_offsets": [0, 0]},
            "one": {"dtype": "F64", "shape": [], "data_offsets": [0, 8]},
            "last": {"dtype": "F32", "shape": [0], "data_offsets": [8, 8]},
        }
    ),
    "metadata that is null": stored({"__metadata__": None, "a": FLOATS}),
    "metadata and blanks behind the header": stored(
        json.dumps({"__metadata__": {"format": "pt"}, "caf\xe9 1": FLOATS}).encode() + b"   "
    ),
}
