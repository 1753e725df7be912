"""Plain values over a stream: the only thing that passes between the judge and generated code.

A frame is four bytes of length and a body; a body is one value: None, bool, int, float, str, list,
tuple, set, frozenset or dict, each with a tag. Length, depth and number of values are bounded before
anything is allocated, every value has one spelling only, and decoding builds nothing but these types,
so that no foreign `__eq__` ever reaches a comparison. An instance of a subclass (a Counter, a named
tuple) is sent as the plain value beneath it. Left out: bytes, complex, Decimal, Fraction, objects.

The solution process loads this file by its path, without the package: it imports the standard library only.
"""

from __future__ import annotations

import marshal
import os
import re
import select
import struct
import time
from collections.abc import Callable
from typing import Any, Final

MESSAGE_BYTES: Final = 4 << 20
"""Longest body of a frame."""
DEPTH: Final = 64
"""Containers inside one another."""
VALUES: Final = 400_000
"""Values in one body, containers counted: each becomes an object, of up to some 200 bytes."""
TOKEN_BYTES: Final = 8
"""What an answer begins with: random bytes that came with the question, before its kind and value."""
_LENGTH: Final = struct.Struct(">I")
_CHUNK: Final = 1 << 16
_SURE_TO_FIT: Final = 4096
"""Bytes that an empty stream always takes: both sides wait for an answer before they send again."""


class NotPlain(ValueError):
    """A value that the code has no tag for, or that is beyond the bounds."""


class MalformedFrame(ValueError):
    """Bytes that no honest sender writes."""


class Ended(Exception):
    """The other side closed the stream."""


class TimeUp(Exception):
    """The deadline passed before a whole frame had come."""


def _text(value: str, parts: list[bytes], _depth: int) -> None:
    data = str.encode(value, "utf-8", "surrogatepass")
    parts.append(b"s%x:%s" % (len(data), data))


def _whole(value: int, parts: list[bytes], _depth: int) -> None:
    if int.bit_length(value) > 4 * MESSAGE_BYTES:
        raise NotPlain(f"more than {MESSAGE_BYTES} bytes")
    data = int.__format__(value, "x").encode()
    parts.append(b"i%x:%s" % (len(data), data))


def _decimal(value: float, parts: list[bytes], _depth: int) -> None:
    data = float.hex(value).encode()
    parts.append(b"f%x:%s" % (len(data), data))


def _constant(value: bool | None, parts: list[bytes], _depth: int) -> None:
    parts.append(b"N" if value is None else b"T" if value else b"F")


def _items(kind: Any, tag: bytes) -> Callable[[Any, list[bytes], int], None]:
    """How a list, tuple or set is written."""

    def write(value: Any, parts: list[bytes], depth: int) -> None:
        if depth >= DEPTH:
            raise NotPlain(f"deeper than {DEPTH}")
        items = list(kind.__iter__(value))
        parts.append(b"%s%x:" % (tag, len(items)))
        if len(parts) + len(items) > VALUES:
            raise NotPlain(f"more than {VALUES} values")
        for item in items:
            (_WRITERS.get(type(item)) or _writer(item))(item, parts, depth + 1)

    return write


def _pairs(value: dict[Any, Any], parts: list[bytes], depth: int) -> None:
    if depth >= DEPTH:
        raise NotPlain(f"deeper than {DEPTH}")
    keys = list(dict.__iter__(value))
    parts.append(b"d%x:" % len(keys))
    if len(parts) + 2 * len(keys) > VALUES:
        raise NotPlain(f"more than {VALUES} values")
    for key in keys:
        for item in (key, dict.__getitem__(value, key)):
            (_WRITERS.get(type(item)) or _writer(item))(item, parts, depth + 1)


_WRITERS: Final[dict[type, Callable[[Any, list[bytes], int], None]]] = {
    str: _text, bool: _constant, int: _whole, float: _decimal, type(None): _constant,
    list: _items(list, b"l"), tuple: _items(tuple, b"t"), dict: _pairs,
    set: _items(set, b"S"), frozenset: _items(frozenset, b"Z"),
}  # fmt: skip
"""How each plain type is written: one part a value, so that the parts count the values."""


def _writer(value: Any) -> Callable[[Any, list[bytes], int], None]:
    """How an instance of a subclass is written: as the plain value beneath it."""
    for kind in _WRITERS:
        if isinstance(value, kind):
            return _WRITERS[kind]
    raise NotPlain("not a plain value")


def encode(value: Any) -> bytes:
    """The body of a frame for a value.

    Raises:
        NotPlain: it holds something else than plain values, or is beyond the bounds.
    """
    parts: list[bytes] = []
    (_WRITERS.get(type(value)) or _writer(value))(value, parts, 0)
    body = b"".join(parts)
    if len(body) > MESSAGE_BYTES:
        raise NotPlain(f"more than {MESSAGE_BYTES} bytes")
    return body


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.values = 0

    def _rest(self, size: int) -> bytes:
        """So many bytes from here on."""
        start = self.at
        self.at = start + size
        if self.at > len(self.data):
            raise MalformedFrame("a length beyond the end")
        return self.data[start : self.at]

    def _pairs(self, count: int, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for _ in range(count):
            key = self.value(depth)
            found[key] = self.value(depth)
        if len(found) != count:
            raise MalformedFrame("a key given twice")
        return found

    def _items(self, tag: bytes, count: int, depth: int) -> Any:
        if depth > DEPTH:
            raise MalformedFrame(f"deeper than {DEPTH}")
        if count > len(self.data) - self.at:
            raise MalformedFrame("a count beyond the end")
        if tag == b"d":
            return self._pairs(count, depth)
        items = [self.value(depth) for _ in range(count)]
        if tag == b"l":
            return items
        made = {b"t": tuple, b"S": set, b"Z": frozenset}[tag](items)
        if len(made) != count:
            raise MalformedFrame("an element given twice")
        return made

    def value(self, depth: int = 0) -> Any:
        """Read one value; `depth` is the number of containers around it."""
        self.values += 1
        if self.values > VALUES:
            raise MalformedFrame(f"more than {VALUES} values")
        head = _HEAD.match(self.data, self.at)
        if head is None:
            return self._without_length()
        self.at = head.end()
        tag, size = head[1], int(head[2], 16)
        if tag == b"s":
            return _text_of(self._rest(size))
        if tag == b"i":
            return _whole_of(self._rest(size))
        if tag == b"f":
            return _decimal_of(self._rest(size))
        return self._items(tag, size, depth + 1)

    def _without_length(self) -> bool | None:
        tag = self.data[self.at : self.at + 1]
        self.at += 1
        if tag not in _CONSTANTS:
            raise MalformedFrame("no such tag, or no length behind it")
        return _CONSTANTS[tag]


def _text_of(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise MalformedFrame("not UTF-8") from error


def _whole_of(data: bytes) -> int:
    if not _WHOLE.fullmatch(data):
        raise MalformedFrame("not a whole number")
    return int(data, 16)


def _decimal_of(data: bytes) -> float:
    text = data.decode("ascii", "replace")
    try:
        number = float.fromhex(text)
    except (ValueError, OverflowError) as error:
        raise MalformedFrame("not a number") from error
    if number.hex() != text:
        raise MalformedFrame("a number in another spelling")
    return number


_HEAD: Final = re.compile(rb"([silfdtSZ])(0|[1-9a-f][0-9a-f]{0,6}):")
_WHOLE: Final = re.compile(rb"0|-?[1-9a-f][0-9a-f]*")
_CONSTANTS: Final = {b"N": None, b"T": True, b"F": False}


def decode(data: bytes) -> Any:
    """The value of a body.

    Raises:
        Malformed: the bytes are not exactly one value in its one spelling, within the bounds.
    """
    if len(data) > MESSAGE_BYTES:
        raise MalformedFrame(f"more than {MESSAGE_BYTES} bytes")
    decoder = _Decoder(data)
    try:
        value = decoder.value()
    except TypeError as error:  # a list as a key
        raise MalformedFrame("a key that cannot be one") from error
    if decoder.at != len(data):
        raise MalformedFrame("more than one value")
    return value


def question(value: Any) -> bytes:
    """A frame from the judge to the solution: in the interpreter's own code, much quicker to read.

    Only the judge writes it, and only the solution reads it, which is not to be protected from its judge;
    what comes back is never read that way. An instance of a subclass becomes the plain value beneath it.

    Raises:
        NotPlain: it holds what cannot be sent, or is beyond the bounds.
    """
    try:
        body = marshal.dumps(value)
    except ValueError:
        body = marshal.dumps(decode(encode(value)))
    if len(body) > MESSAGE_BYTES:
        raise NotPlain(f"more than {MESSAGE_BYTES} bytes")
    return frame(body)


def frame(body: bytes) -> bytes:
    """A body with its length before it."""
    return _LENGTH.pack(len(body)) + body


class Channel:
    """One end of a stream of frames, over a descriptor it owns."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._unread = b""

    def close(self) -> None:
        """Give the descriptor back; a second time does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def _wait(self, event: int, deadline: float | None) -> None:
        if deadline is None:
            return
        poll = select.poll()
        poll.register(self.descriptor, event)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeUp

    def send(self, value: Any, deadline: float | None = None) -> None:
        """Write one frame.

        Raises:
            NotPlain: the value cannot be sent.
            Ended: nobody reads it.
            TimeUp: the other side does not read.
        """
        self.send_frame(frame(encode(value)), deadline)

    def send_frame(self, whole: bytes, deadline: float | None = None) -> None:
        """Write a frame that was made before; raises as `send`."""
        view = memoryview(whole)
        while view:
            if len(view) > _SURE_TO_FIT:
                self._wait(select.POLLOUT, deadline)
            try:
                view = view[os.write(self.descriptor, view[:_CHUNK] if deadline else view) :]
            except (BrokenPipeError, ConnectionResetError) as error:
                raise Ended from error

    def _more(self, deadline: float | None) -> bytes:
        """What has come; waits until something has."""
        self._wait(select.POLLIN, deadline)
        try:
            part = os.read(self.descriptor, _CHUNK)
        except ConnectionResetError as error:
            raise Ended from error
        if not part:
            raise Ended
        return part

    def receive_body(self, deadline: float | None = None) -> bytes:
        """Read one frame and give its body; raises as `receive`."""
        data = self._unread
        while len(data) < _LENGTH.size:
            data += self._more(deadline)
        (size,) = _LENGTH.unpack_from(data)
        if size > MESSAGE_BYTES:
            raise MalformedFrame(f"more than {MESSAGE_BYTES} bytes")
        end = _LENGTH.size + size
        if len(data) < end:
            parts, have = [data], len(data)
            while have < end:
                parts.append(self._more(deadline))
                have += len(parts[-1])
            data = b"".join(parts)
        self._unread = data[end:]
        return data[_LENGTH.size : end]

    def receive(self, deadline: float | None = None) -> Any:
        """Read one frame; a deadline is in seconds of `time.monotonic`.

        Raises:
            Malformed: a frame that is too long, or is not a plain value.
            Ended: the stream was closed.
            TimeUp: the deadline passed.
        """
        return decode(self.receive_body(deadline))

    def has_unread(self) -> bool:
        """Whether bytes, or the end of the stream, wait to be read."""
        if self._unread:
            return True
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        return bool(poll.poll(0))
