"""Words of other people, made fit to stand on one line of a contract, a comment or a terminal."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_NOT_OF_A_SLUG: Final = re.compile(r"[^a-z0-9]+")
_LONGEST_SLUG: Final = 60


def one_line(text: str) -> str:
    """The text with runs of white space as one space and without unprintable characters."""
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else _instead_of(letter) for letter in text)
    return " ".join(text.split())


def _instead_of(letter: str) -> str:
    if letter.isspace():
        return " "
    # Joiners and marks of direction vanish, what could be anything else leaves a trace.
    return "" if unicodedata.category(letter) == "Cf" else "\ufffd"


def shortened(text: str, longest: int) -> str:
    """The text, cut where it is longer than so many characters."""
    return text if len(text) <= longest else text[: longest - 2].rstrip() + " …"


def slug_of(text: str) -> str:
    """Lower-case ASCII words with hyphens; the empty string when there are none."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NOT_OF_A_SLUG.sub("-", plain)[:_LONGEST_SLUG].strip("-")
