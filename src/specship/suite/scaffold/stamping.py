"""Text of people, written into YAML and Python so that it stays text."""

from __future__ import annotations

import json
import re
from typing import Final

from specship.errors import UnusableInput

_PLAIN: Final = re.compile(r"[A-Z][a-z']*( [A-Za-z][A-Za-z'-]*[,;]?)+[.]?")
"""Sentences that no reader of YAML takes for anything else; all others are quoted."""
_LONGEST: Final = 1000


def said(text: str, *, what: str) -> str:
    """What a person said on the command line, on one line.

    Raises:
        UnusableInput: it says nothing, is very long, or holds characters that are no text.
    """
    line = " ".join(text.split())
    if not line or len(line) > _LONGEST or not line.isprintable():
        raise UnusableInput(
            f"{what}: {line[:40]!r} is no sentence",
            why=f"between 1 and {_LONGEST} printable characters are kept",
            mend="say it in a sentence or two",
        )
    return line


def scalar(text: str) -> str:
    """A text as a YAML scalar of one line."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
