"""Plain values cross unchanged, and nothing else can be sent or received."""

from __future__ import annotations

import collections
import decimal
import math
import os
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specship.pipeline.evaluation.humaneval.sandbox import protocol
from specship.pipeline.evaluation.humaneval.sandbox.protocol import (
    Channel,
    Ended,
    MalformedFrame,
    NotPlain,
    TimeUp,
    decode,
    encode,
)

KEYS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=6,
)
VALUES = st.recursive(
    KEYS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner) | st.sets(KEYS),
    max_leaves=10,
)


def same(left: Any, right: Any) -> bool:
    """Equal, and of equal types all through."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return same(list(left), list(right)) and same(list(left.values()), list(right.values()))
    if isinstance(left, float):
        return struct.pack("d", left) == struct.pack("d", right)
    return bool(left == right)


@given(VALUES)
@settings(max_examples=100, deadline=None)
def test_plain_values_come_back(value: Any) -> None:
    assert same(decode(encode(value)), value)


@given(st.binary(max_size=60) | st.text("NTFisfltdSZ0123:-x", max_size=40).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_one_value_in_its_one_spelling_or_refused(data: bytes) -> None:
    try:
        value = decode(data)
    except MalformedFrame:
        return

    if not isinstance(value, set | frozenset):  # their order is the sender's
        assert encode(value) == data


@pytest.mark.parametrize(
    "value", [-0.0, math.inf, -math.inf, 5e-324, "\ud800", "\0", -(1 << 5000), 10**4400], ids=range(8)
)
def test_odd_values_come_back(value: Any) -> None:
    assert same(decode(encode(value)), value)


def test_nan_comes_back() -> None:
    assert math.isnan(decode(encode(math.nan)))


class Pair(NamedTuple):
    left: int
    right: int


class Liar(int):
    __eq__ = __lt__ = lambda *_: True  # type: ignore[assignment]
    __hash__ = int.__hash__
    __format__ = __str__ = __repr__ = lambda *_: "5"  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Liar(41), 41),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (collections.OrderedDict(a=1), {"a": 1}),
        (Pair(1, 2), (1, 2)),
    ],
)
def test_subclasses_are_sent_as_what_is_beneath_them(value: Any, plain: Any) -> None:
    assert same(decode(encode(value)), plain)


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [object(), b"x", 1j, decimal.Decimal(1), range(3), iter([]), len, [object()], {1: b""}, deep(65), "x" * (4 << 20),
     1 << (4 * (4 << 20) + 1), [0] * 400_000],
    ids=range(13),
)  # fmt: skip
def test_what_is_not_plain_or_too_much_is_not_sent(value: Any) -> None:
    with pytest.raises(NotPlain):
        encode(value)


def test_the_deepest_value_comes_back() -> None:
    assert decode(encode(deep(64))) == deep(64)


HOSTILE = {
    "nothing": b"",
    "no such tag": b"X",
    "a pickle": b"\x80\x04N.",
    "two values": b"NN",
    "a text beyond the end": b"s5:abc",
    "a text of 2 GB": b"s7fffffff:abc",
    "a negative length": b"s-1:",
    "a length without end": b"s00000000000000000000",
    "a length with zeros": b"s03:abc",
    "not UTF-8": b"s1:\xff",
    "a list of 4 billion": b"lffffffff:",
    "a list beyond the end": b"l5:NN",
    "a list as a key": b"d1:l0:N",
    "a list in a set": b"S1:l0:",
    "a key twice": b"d2:TNi1:1N",
    "an element twice": b"S2:TT",
    "a number with a plus": b"i2:+1",
    "a number with zeros": b"i2:01",
    "minus zero": b"i2:-0",
    "a number with an underscore": b"i3:1_0",
    "a number in capitals": b"i1:A",
    "a number with a blank": b"i2: 1",
    "a number of no digits": b"i1:-",
    "a decimal number in another spelling": b"f3:1.0",
    "a decimal number that is none": b"f1:x",
    "a decimal number too large": b"f8:0x1p9999",
    "65 lists deep": b"l1:" * 64 + b"l0:",
    "a million lists deep": b"l1:" * 1_000_000,
    "too many values": b"l61a81:" + b"N" * 400_001,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_refused(name: str) -> None:
    with pytest.raises(MalformedFrame):
        decode(HOSTILE[name])


@pytest.fixture
def pair() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    channel = Channel(ours.detach())
    with theirs:
        yield channel, theirs
    channel.close()


def soon() -> float:
    return time.monotonic() + 0.05


@pytest.mark.parametrize(
    ("data", "ended", "refusal"),
    [
        (b"", False, TimeUp),
        (b"\0\0\0", False, TimeUp),
        (b"\0\0\0\5N", False, TimeUp),
        (b"", True, Ended),
        (b"\0\0\0\5N", True, Ended),
        (b"\x80\0\0\0", False, MalformedFrame),
        (b"\0\x40\0\1" + b"x" * 100, False, MalformedFrame),
        (b"\0\0\0\1X", False, MalformedFrame),
    ],
)
def test_frames_that_do_not_come_whole(
    pair: tuple[Channel, socket.socket], data: bytes, ended: bool, refusal: type[Exception]
) -> None:
    channel, theirs = pair
    theirs.sendall(data)
    if ended:
        theirs.close()

    with pytest.raises(refusal):
        channel.receive(soon())


def test_frames_come_one_by_one(pair: tuple[Channel, socket.socket]) -> None:
    channel, theirs = pair
    other = Channel(os.dup(theirs.fileno()))
    other.send([1])
    other.send("two")
    other.close()

    assert channel.receive(soon()) == [1]
    assert channel.has_unread()
    assert channel.receive(soon()) == "two"
    assert not channel.has_unread()


def test_a_reader_that_does_not_read_costs_no_more_than_the_deadline(
    pair: tuple[Channel, socket.socket],
) -> None:
    channel, _ = pair

    with pytest.raises(TimeUp):
        channel.send("x" * (protocol.MESSAGE_BYTES - 20), soon())
