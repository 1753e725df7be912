"""Lines that are no longer than a terminal is wide: folded between words, under the text that they go on.

A terminal breaks a line in the middle of a word and goes on at its left edge; then columns are lost, and ids
cannot be searched for.
"""

from __future__ import annotations

import re
from typing import Final

_GAP: Final = re.compile(r"(?<=\S) {2,}")
"""Between the columns of a line."""
_PAINT: Final = re.compile("\x1b\\[[0-9;]*m")
_FURTHER: Final = 4
"""Columns by which a line goes on further right than it began, where it has no columns of its own."""


def folded(text: str, width: int) -> str:
    """A text whose lines have at most `width` columns; a longer word, such as a path, stays whole."""
    return "\n".join("\n".join(_folded(line, width)) for line in text.split("\n"))


def _folded(line: str, width: int) -> list[str]:
    if _columns(line) <= width or "\r" in line:
        return [line]
    plain = _PAINT.sub("", line)
    begins = len(plain) - len(plain.lstrip())
    gaps = [gap.end() for gap in _GAP.finditer(plain) if gap.end() <= width // 3]
    hang = gaps[-1] if gaps else begins + _FURTHER
    lines = [" " * begins]
    used, space = begins, ""
    for part in re.split("( +)", line.lstrip(" ")):
        size = _columns(part)
        if not part.strip(" "):
            space = part
        elif used + len(space) + size <= width or used == begins == 0:
            lines[-1] += space + part
            used += len(space) + size
            space = ""
        else:
            indent = max(0, min(hang, width - size))
            lines.append(" " * indent + part)
            used, space = indent + size, ""
    return [kept for kept in lines if _PAINT.sub("", kept).strip()]


def _columns(text: str) -> int:
    """Columns that a text takes on a terminal: colours none, wide signs two."""
    plain = _PAINT.sub("", text)
    if plain.isascii():
        return len(plain)
    from rich.cells import cell_len

    return cell_len(plain)
