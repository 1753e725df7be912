"""JSON and JSON Lines as artifacts hold them, read strictly and with bounds.

Refused: a file that is not a regular one, more bytes than the bound, a byte-order mark, bytes
that are not UTF-8, a key given twice, NaN, infinity, whole numbers beyond 2**53, lone
surrogates and nesting deeper than 64. A last line without its newline was cut while it was
written. Every refusal names the file, the line and the cause.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

from specship.errors import DamagedArtifact, Place

DOCUMENT_BYTES: Final = 64 << 20
"""Longest JSON document that is read."""
LINE_BYTES: Final = 16 << 20
"""Longest line of a JSON Lines file that is read."""
_DEPTH: Final = 64
_WHOLE: Final = 2**53


class _Refused(ValueError):
    """Something that `json` would take and a strict reader must not."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise _Refused(f"the key {next(key for key in keys if keys.count(key) > 1)!r} is given twice")
    return found


def _whole(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > _WHOLE:
        raise _Refused(f"the whole number {text[:20]} is beyond 2**53")
    return int(text)


def _decimal(text: str) -> float:
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise _Refused(f"the number {text[:20]} is infinite")
    return value


def _constant(text: str) -> NoReturn:
    raise _Refused(f"{text} is not JSON")


def _check_depth(value: Any, depth: int = 1) -> None:
    if isinstance(value, dict | list):
        if depth > _DEPTH:
            raise _Refused(f"nested deeper than {_DEPTH}")
        for item in value.values() if isinstance(value, dict) else value:
            _check_depth(item, depth + 1)


def parse(data: bytes, place: Place) -> Any:
    """The value of a JSON text that is already in memory; `place` is where it came from.

    Raises:
        DamagedArtifact: it breaks one of the rules in this module's text.
    """
    try:
        if data.startswith(b"\xef\xbb\xbf"):
            raise _Refused("a byte-order mark")
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_pairs,
            parse_int=_whole,
            parse_float=_decimal,
            parse_constant=_constant,
        )
        _check_depth(value)
        if b"\\u" in data:  # only an escape can bring a lone surrogate past the decoder
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError as error:
        raise DamagedArtifact(f"nested deeper than {_DEPTH}", at=place) from error
    except ValueError as error:
        raise DamagedArtifact(
            f"cannot be read as JSON: {error}", at=place, mend="make the artifact again"
        ) from error
    return value


def _open_regular(path: Path) -> BinaryIO:
    """Open a file that is a regular one; a pipe would never end, and a device never stop."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise DamagedArtifact(
            f"cannot be opened: {error.strerror}", at=path, mend="make the artifact again"
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DamagedArtifact("not a regular file", at=path)
    return os.fdopen(descriptor, "rb")


def read_json(path: Path) -> Any:
    """The value of a JSON document.

    Raises:
        DamagedArtifact: the file is missing or breaks one of the rules in this module's text.
    """
    with _open_regular(path) as file:
        data = file.read(DOCUMENT_BYTES + 1)
    if len(data) > DOCUMENT_BYTES:
        raise DamagedArtifact(f"longer than {DOCUMENT_BYTES} bytes", at=path)
    return parse(data, Place(str(path)))


def read_json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Each line's number (from 1) and value, one at a time.

    Raises:
        DamagedArtifact: as `read_json`, with the line; also when the last line was cut.
    """
    with _open_regular(path) as file:
        number = 0
        while line := file.readline(LINE_BYTES + 1):
            number += 1
            place = Place(str(path), line=number)
            if len(line) > LINE_BYTES:
                raise DamagedArtifact(f"a line longer than {LINE_BYTES} bytes", at=place)
            if not line.endswith(b"\n"):
                raise DamagedArtifact("the last line was cut here", at=place, mend="make the artifact again")
            yield number, parse(line, place)
