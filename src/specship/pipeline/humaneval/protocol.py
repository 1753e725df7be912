"""Plain values over a stream: the only thing that passes between the judge and generated code.

A frame is four bytes of length and a body; a body is one value: None, bool, int, float, str, list,
tuple, set, frozenset or dict, each with a tag. Length, depth and number of values are bounded before
anything is allocated, every value has one spelling only, and decoding builds nothing but these types,
so that no foreign `__eq__` ever reaches a comparison. An instance of a subclass (a Counter, a named
tuple) is sent as the plain value beneath it. Left out: bytes, complex, Decimal, Fraction, objects.

The solution process loads this file by its path, without the package: it imports the standard library only.
"""

from __future__ import annotations

import os
import select
import struct
import time
from typing import Any, Final

MESSAGE_BYTES: Final = 4 << 20
"""Longest body of a frame."""
DEPTH: Final = 64
"""Containers inside one another."""
VALUES: Final = 400_000
"""Values in one body, containers counted: each becomes an object, of up to some 200 bytes."""
_LENGTH: Final = struct.Struct(">I")
_HEX: Final = frozenset("0123456789abcdef")
_CHUNK: Final = 1 << 16
_SURE_TO_FIT: Final = 4096
"""Bytes that an empty stream always takes: both sides wait for an answer before they send again."""


class NotPlain(ValueError):
    """A value that the code has no tag for, or that is beyond the bounds."""


class Malformed(ValueError):
    """Bytes that no honest sender writes."""


class Ended(Exception):
    """The other side closed the stream."""


class TimeUp(Exception):
    """The deadline passed before a whole frame had come."""


class _Encoder:
    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0
        self.values = 0

    def _put(self, part: bytes) -> None:
        self.size += len(part)
        if self.size > MESSAGE_BYTES:
            raise NotPlain(f"more than {MESSAGE_BYTES} bytes")
        self.parts.append(part)

    def _text(self, tag: bytes, text: str) -> None:
        data = text.encode("utf-8", "surrogatepass")
        self._put(b"%s%x:%s" % (tag, len(data), data))

    def value(self, value: Any, depth: int = 0) -> None:
        """Append one value; `depth` is the number of containers around it."""
        self.values += 1
        if self.values > VALUES:
            raise NotPlain(f"more than {VALUES} values")
        if value is None or value is True or value is False:
            self._put({None: b"N", True: b"T", False: b"F"}[value])
        elif isinstance(value, int):
            if int.bit_length(value) > 4 * MESSAGE_BYTES:
                raise NotPlain(f"more than {MESSAGE_BYTES} bytes")
            self._text(b"i", int.__format__(value, "x"))
        elif isinstance(value, float):
            self._text(b"f", float.hex(value))
        elif isinstance(value, str):
            self._text(b"s", str.__str__(value))
        else:
            self._container(value, depth + 1)

    def _container(self, value: Any, depth: int) -> None:
        if depth > DEPTH:
            raise NotPlain(f"deeper than {DEPTH}")
        for kind, tag in _CONTAINERS:
            if isinstance(value, kind):
                items = list(kind.__iter__(value))
                self._put(b"%s%x:" % (tag, len(items)))
                for item in items:
                    self.value(item, depth)
                    if kind is dict:
                        self.value(dict.__getitem__(value, item), depth)
                return
        raise NotPlain("not a plain value")


_CONTAINERS: Final[tuple[tuple[Any, bytes], ...]] = (
    (list, b"l"), (tuple, b"t"), (dict, b"d"), (set, b"S"), (frozenset, b"Z")
)  # fmt: skip


def encode(value: Any) -> bytes:
    """The body of a frame for a value.

    Raises:
        NotPlain: it holds something else than plain values, or is beyond the bounds.
    """
    encoder = _Encoder()
    encoder.value(value)
    return b"".join(encoder.parts)


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.values = 0

    def _number(self) -> int:
        colon = self.data.find(b":", self.at, self.at + 8)
        text = self.data[self.at : max(colon, self.at)].decode("ascii", "replace")
        if not text or not _HEX.issuperset(text) or (text[0] == "0" and text != "0"):
            raise Malformed("no length")
        self.at = colon + 1
        return int(text, 16)

    def _text(self) -> str:
        size = self._number()
        if size > len(self.data) - self.at:
            raise Malformed("a length beyond the end")
        self.at += size
        try:
            return self.data[self.at - size : self.at].decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise Malformed("not UTF-8") from error

    def _whole(self) -> int:
        text = self._text()
        digits = text.removeprefix("-")
        if not digits or not _HEX.issuperset(digits) or (digits[0] == "0" and text != "0"):
            raise Malformed("not a whole number")
        return int(text, 16)

    def _decimal(self) -> float:
        text = self._text()
        try:
            number = float.fromhex(text)
        except (ValueError, OverflowError) as error:
            raise Malformed("not a number") from error
        if number.hex() != text:
            raise Malformed("a number in another spelling")
        return number

    def _pairs(self, count: int, depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for _ in range(count):
            key = self.value(depth)
            found[key] = self.value(depth)
        if len(found) != count:
            raise Malformed("a key given twice")
        return found

    def _items(self, tag: bytes, depth: int) -> Any:
        count = self._number()
        if depth > DEPTH:
            raise Malformed(f"deeper than {DEPTH}")
        if count > len(self.data) - self.at:
            raise Malformed("a count beyond the end")
        if tag == b"d":
            return self._pairs(count, depth)
        items = [self.value(depth) for _ in range(count)]
        if tag == b"l":
            return items
        made = {b"t": tuple, b"S": set, b"Z": frozenset}[tag](items)
        if len(made) != count:
            raise Malformed("an element given twice")
        return made

    def value(self, depth: int = 0) -> Any:
        """Read one value; `depth` is the number of containers around it."""
        self.values += 1
        tag = self.data[self.at : self.at + 1]
        self.at += 1
        if self.values > VALUES:
            raise Malformed(f"more than {VALUES} values")
        if tag in _CONSTANTS:
            return _CONSTANTS[tag]
        if tag == b"s":
            return self._text()
        if tag == b"i":
            return self._whole()
        if tag == b"f":
            return self._decimal()
        if not tag or tag not in b"ltdSZ":
            raise Malformed("no such tag")
        return self._items(tag, depth + 1)


_CONSTANTS: Final = {b"N": None, b"T": True, b"F": False}


def decode(data: bytes) -> Any:
    """The value of a body.

    Raises:
        Malformed: the bytes are not exactly one value in its one spelling, within the bounds.
    """
    if len(data) > MESSAGE_BYTES:
        raise Malformed(f"more than {MESSAGE_BYTES} bytes")
    decoder = _Decoder(data)
    try:
        value = decoder.value()
    except TypeError as error:  # a list as a key
        raise Malformed("a key that cannot be one") from error
    if decoder.at != len(data):
        raise Malformed("more than one value")
    return value


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
        self.send_body(encode(value), deadline)

    def send_body(self, body: bytes, deadline: float | None = None) -> None:
        """Write a frame whose body was encoded before; raises as `send`."""
        view = memoryview(_LENGTH.pack(len(body)) + body)
        while view:
            if len(view) > _SURE_TO_FIT:
                self._wait(select.POLLOUT, deadline)
            try:
                view = view[os.write(self.descriptor, view[:_CHUNK] if deadline else view) :]
            except (BrokenPipeError, ConnectionResetError) as error:
                raise Ended from error

    def _exactly(self, size: int, deadline: float | None) -> bytes:
        parts = [self._unread]
        missing = size - len(self._unread)
        while missing > 0:
            self._wait(select.POLLIN, deadline)
            try:
                part = os.read(self.descriptor, _CHUNK)
            except ConnectionResetError as error:
                raise Ended from error
            if not part:
                raise Ended
            parts.append(part)
            missing -= len(part)
        data = b"".join(parts)
        self._unread = data[size:]
        return data[:size]

    def receive(self, deadline: float | None = None) -> Any:
        """Read one frame; a deadline is in seconds of `time.monotonic`.

        Raises:
            Malformed: a frame that is too long, or is not a plain value.
            Ended: the stream was closed.
            TimeUp: the deadline passed.
        """
        (size,) = _LENGTH.unpack(self._exactly(_LENGTH.size, deadline))
        if size > MESSAGE_BYTES:
            raise Malformed(f"more than {MESSAGE_BYTES} bytes")
        return decode(self._exactly(size, deadline))

    def has_unread(self) -> bool:
        """Whether bytes, or the end of the stream, wait to be read."""
        if self._unread:
            return True
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        return bool(poll.poll(0))
