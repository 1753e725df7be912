"""JSON and JSON Lines as artifacts hold them, read strictly and within the bounds of `bounds`.

Refused: a file that is a link or not a regular one, more bytes than the bound, a byte-order mark,
bytes that are not UTF-8, a key given twice at any depth, NaN, infinity, whole numbers beyond
2**53, lone surrogates and deep nesting. A last line without its newline was cut while it was
written. Every refusal names the file, the line and column (or the byte) and the cause. A pointer that
Git LFS left in a file's place is called that, whoever opens it.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import os
import re
import shlex
import stat
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

from specship.bounds import JSON_DEPTH, JSON_LARGEST_INTEGER, JSON_REPORT_BYTES, JSONL_LINE_BYTES
from specship.download_cache import LINK_MEND, kept_file
from specship.errors import DamagedArtifact, NeverFetched, Place

_SEARCHED: Final = 4 << 20
"""Characters that are searched for the exact place of a fault; behind them the file alone is named."""
_TOKENS: Final = re.compile(
    r"""(?P<open>[{\[]) | (?P<close>[}\]])
      | (?P<text>"[^"\\]*(?:\\.[^"\\]*)*") (?P<colon>[\ \t\r\n]*:)?
      | (?P<cut>") | (?P<constant>NaN|-?Infinity)
      | (?P<number>(?P<whole>-?[0-9]+)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)""",
    re.VERBOSE | re.DOTALL,
)
_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_CONTAINERS: Final = {dict, list}
_SHORT_DIGITS: Final = 16
"""Whole numbers of fewer characters are within 2**53, whatever they are."""
_BOM: Final = b"\xef\xbb\xbf"
_POINTER: Final = b"version https://git-lfs.github.com/spec/v"
"""How the text begins that Git LFS leaves in a file's place. Source: git-lfs, docs/spec.md."""
_POINTER_BYTES: Final = 1024
"""A pointer is shorter, says the same page."""
_AGAIN: Final = "make the artifact again"


class _JsonRefused(ValueError):
    """Something that `json` would take and a strict reader must not."""

    def __init__(self, message: str, why: str) -> None:
        super().__init__(message)
        self.why = why


def _twice(key: str) -> _JsonRefused:
    return _JsonRefused(f"the key {key[:80]!r} is given twice", "readers disagree on which of the two counts")


def _too_deep(depth: int) -> _JsonRefused:
    return _JsonRefused(f"nested deeper than {depth}", "a program that follows it could run out of its stack")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        raise _twice(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return found


def _whole(text: str, largest: int = JSON_LARGEST_INTEGER) -> int:
    if len(text) < _SHORT_DIGITS:
        return int(text)
    if len(text) > len(str(-largest)) or abs(int(text)) > largest:
        bound = "2**53" if largest == JSON_LARGEST_INTEGER else f"{largest:.0e}"
        raise _JsonRefused(
            f"the whole number {text[:20]} is beyond {bound}", "readers disagree on its last digits"
        )
    return int(text)


def _decimal(text: str) -> float:
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise _JsonRefused(f"the number {text[:20]} is infinite", "no reader can hold it")
    return value


def _constant(text: str) -> NoReturn:
    raise _JsonRefused(
        f"{text} is not JSON", "JSON has numbers only, and no measurement may hide in anything else"
    )


def _check_depth(value: Any, most: int) -> None:
    level = [value]
    for _ in range(most + 1):
        level = [item for item in level if item.__class__ in _CONTAINERS]
        if not level:
            return
        level = list(chain.from_iterable(one.values() if isinstance(one, dict) else one for one in level))
    raise _too_deep(most)


def _check_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise _JsonRefused(
            "a lone surrogate", "it is half a character, and no UTF-8 text can hold it"
        ) from error


def _tokens(text: str) -> Iterator[tuple[re.Match[str], int]]:
    """Brackets, texts, numbers and constants of a JSON text, each with the depth it stands at."""
    depth = 0
    for token in _TOKENS.finditer(text, 0, _SEARCHED):
        if token["cut"] or token.end() == _SEARCHED:
            return
        depth += bool(token["open"])
        yield token, depth
        depth -= bool(token["close"])


def _first_fault(text: str, most: int, largest: int) -> tuple[int, _JsonRefused] | None:
    """Where a text that `json` could read first breaks a rule of ours, and which."""
    keys: list[set[str]] = [set()]
    for token, depth in _tokens(text):
        try:
            if token["open"]:
                keys.append(set())
                if depth > most:
                    raise _too_deep(most)
            elif token["close"]:
                keys.pop()
            elif token["constant"]:
                _constant(token["constant"])
            elif token["number"]:
                if token["number"] == token["whole"]:
                    _whole(token["number"], largest)
                else:
                    _decimal(token["number"])
            else:
                value = json.loads(token["text"])
                _check_surrogates(value)
                if token["colon"] and value in keys[-1]:
                    raise _twice(value)
                keys[-1].update([value] if token["colon"] else [])
        except _JsonRefused as fault:
            return token.start(), fault
    return None


def key_offset(data: bytes, key: str) -> int | None:
    """Byte at which a key of the outermost object stands; None when it is not found near the front."""
    text = data.decode("utf-8")
    for token, depth in _tokens(text):
        if depth == 1 and token["colon"] and json.loads(token["text"]) == key:
            return len(text[: token.start()].encode())
    return None


def _inside(place: Place, before: bytes) -> Place:
    """The place of what stands behind some bytes of the text that begins at a place."""
    if place.offset is not None:
        return Place(place.path, offset=place.offset + len(before))
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", errors="replace")) + 1
    return Place(place.path, line=(place.line or 1) + before.count(b"\n"), column=column)


@functools.cache
def _decoder(largest: int) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_pairs,
        parse_int=functools.partial(_whole, largest=largest),
        parse_float=_decimal,
        parse_constant=_constant,
    )


def _parsed(text: str, depth: int, largest: int) -> Any:
    try:
        value = _decoder(largest).decode(text)
    except RecursionError as error:
        raise _too_deep(depth) from error
    if text.count("{") + text.count("[") > depth:  # else there are too few to be nested deeper
        _check_depth(value, depth)
    if _SURROGATE_ESCAPE.search(text):  # only an escape can bring a lone surrogate past the decoder
        _check_surrogates(value)
    return value


def parse(data: bytes, place: Place, *, depth: int = JSON_DEPTH, largest: int = JSON_LARGEST_INTEGER) -> Any:
    """The value of a JSON text that is already in memory; `place` is where it begins.

    `largest` is the largest magnitude of a whole number.

    Raises:
        DamagedArtifact: it breaks one of the rules in this module's text; with line and column, or
            with the byte where `place` has one.
    """
    try:
        if data.startswith(_BOM):
            raise _JsonRefused(
                "it begins with a byte-order mark", "JSON has none, and its bytes would be a value's"
            )
        return _parsed(text := data.decode("utf-8"), depth, largest)
    except UnicodeDecodeError as error:
        message, why, at = f"not UTF-8 ({error.reason})", "", _inside(place, data[: error.start])
        cause: ValueError = error
    except json.JSONDecodeError as error:
        message, why, at = error.msg, "", _inside(place, text[: error.pos].encode())
        cause = error
    except _JsonRefused as error:
        found = None if data.startswith(_BOM) else _first_fault(text, depth, largest)
        position, fault = found or (0, error)
        message, why, at = str(fault), fault.why, _inside(place, text[:position].encode() if found else b"")
        cause = error
    except MemoryError as error:
        raise DamagedArtifact("needs more memory than there is", at=place, mend=_AGAIN) from error
    raise DamagedArtifact(f"cannot be read as JSON: {message}", at=at, why=why, mend=_AGAIN) from cause


def _descriptor(path: Path) -> int:
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW
    try:
        return os.open(path, flags)
    except OSError as error:
        kept = kept_file(path) if error.errno == errno.ELOOP else None
        if kept is None:
            raise
        return os.open(kept, flags)


@contextlib.contextmanager
def open_regular(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """Open a file that is a regular one and no link; gives the file and its size in bytes.

    A pipe would never end, a device never stop, and a link can lead anywhere; those of a download's
    cache that stay in it are followed. The size is that of the opened file, whatever its name comes
    to mean meanwhile.

    Raises:
        DamagedArtifact: it is missing, is something else, or the disk refuses to read it.
    """
    try:
        descriptor = _descriptor(path)
    except (OSError, ValueError) as error:
        linked = isinstance(error, OSError) and error.errno == errno.ELOOP
        cause = "it is a link" if linked else getattr(error, "strerror", None) or str(error)
        mend = LINK_MEND if linked else _AGAIN
        raise DamagedArtifact(f"cannot be opened: {cause}", at=path, mend=mend) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise DamagedArtifact("not a regular file", at=path, mend="put the file itself in its place")
    with os.fdopen(descriptor, "rb") as file:
        try:
            _refuse_pointer(file, status.st_size, path)
            yield file, status.st_size
        except OSError as error:
            raise DamagedArtifact(f"cannot be read: {error.strerror}", at=path, mend=_AGAIN) from error


def _refuse_pointer(file: BinaryIO, size: int, path: Path) -> None:
    if size < _POINTER_BYTES:
        if file.read(len(_POINTER)) == _POINTER:
            raise NeverFetched(
                "a Git LFS pointer: it names the file and does not hold it",
                at=path,
                why="the clone was made without its large files; a second one brings the same pointers",
                mend=f"git lfs install && git -C {shlex.quote(str(path.parent))} lfs pull",
            )
        file.seek(0)


def read_bytes(path: Path, most: int) -> bytes:
    """All bytes of a regular file that has at most so many.

    Raises:
        DamagedArtifact: as `open_regular`, or it is longer.
    """
    with open_regular(path) as (file, size):
        if size > most:
            raise DamagedArtifact(
                f"longer than {most} bytes", at=path, why=f"it has {size}, more than any artifact needs"
            )
        return file.read(size)


def read_json(path: Path, *, largest: int = JSON_LARGEST_INTEGER) -> Any:
    """The value of a JSON document; `largest` is the largest magnitude of a whole number in it.

    Raises:
        DamagedArtifact: the file is missing or breaks one of the rules in this module's text.
    """
    return parse(read_bytes(path, JSON_REPORT_BYTES), Place(str(path)), largest=largest)


def raw_lines(path: Path) -> Iterator[tuple[Place, bytes]]:
    """Each line of a file with its newline, and its place; the last one may have been cut.

    Raises:
        DamagedArtifact: as `open_regular`, or a line is longer than its bound.
    """
    with open_regular(path) as (file, _):
        number = 0
        while line := file.readline(JSONL_LINE_BYTES + 1):
            number += 1
            place = Place(str(path), line=number)
            if len(line) > JSONL_LINE_BYTES:
                raise DamagedArtifact(f"a line longer than {JSONL_LINE_BYTES} bytes", at=place, mend=_AGAIN)
            yield place, line


def read_json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Each line's number (from 1) and value, one at a time.

    Raises:
        DamagedArtifact: as `read_json`, with the line; also when the last line was cut.
    """
    for number, (place, line) in enumerate(raw_lines(path), start=1):
        if not line.endswith(b"\n"):
            raise DamagedArtifact(
                "the last line was cut here", at=place, why="a whole line ends with a newline", mend=_AGAIN
            )
        yield number, parse(line[:-1], place)
