"""JSON as we accept it from files: one meaning for each text, or a located refusal.

Refused: duplicate keys, NaN and Infinity, numbers that overflow, a byte order mark, invalid
UTF-8, lone surrogates, integers beyond 2**53, and nesting deeper than 64.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Final, NoReturn

from specship.errors import DamagedArtifact, Place, UnusableInput

DEEPEST: Final = 64
LARGEST_INTEGER: Final = 2**53


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} overflows")
    return value


def _bounded_integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > LARGEST_INTEGER:
        raise ValueError(f"the integer {text[:20]} is beyond 2**53")
    return int(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands twice")
        found[key] = value
    return found


def _too_deep(text: str) -> bool:
    """Whether brackets nest beyond the bound, found without recursion; brackets in strings count too low."""
    depth = 0
    in_text = escaped = False
    for character in text:
        if in_text:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_text = False
        elif character == '"':
            in_text = True
        elif character in "[{":
            depth += 1
            if depth > DEEPEST:
                return True
        elif character in "]}":
            depth -= 1
    return False


def parse(data: bytes, *, at: Place | Path | str) -> Any:
    """The value of a JSON text.

    Raises:
        DamagedArtifact: the bytes are not JSON in the sense of this module; the place is in it.
    """
    try:
        text = data.decode("utf-8")
        if text.startswith("\ufeff"):
            raise ValueError("it starts with a byte order mark")
        if text.count("[") + text.count("{") > DEEPEST and _too_deep(text):
            raise ValueError(f"it nests deeper than {DEEPEST}")
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_bounded_integer,
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # a lone surrogate has no UTF-8
    except json.JSONDecodeError as error:
        place = Place(str(at), error.lineno, error.colno)
        raise DamagedArtifact(
            f"not JSON: {error.msg}", at=place, mend="restore the file or make it again"
        ) from error
    except (ValueError, RecursionError) as error:
        raise DamagedArtifact(
            f"not JSON: {error}", at=at, mend="restore the file or make it again"
        ) from error
    return value


def read(path: Path, *, largest_bytes: int = 64 << 20) -> Any:
    """The value of a JSON file.

    Raises:
        UnusableInput: there is no such regular file, or it is larger than the bound.
        DamagedArtifact: its text is not JSON in the sense of this module.
    """
    if not path.is_file():
        raise UnusableInput("there is no such file", at=path)
    if path.stat().st_size > largest_bytes:
        raise DamagedArtifact(f"larger than {largest_bytes} bytes", at=path)
    return parse(path.read_bytes(), at=path)
