"""Names and numbers that the tool gives out, so that none is ever given twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from specship.digests import sha256_bytes
from specship.errors import UnusableInput

SCHEMAS: Final = "https://raw.githubusercontent.com/specship/specship/main/schemas"
_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST: Final = 60
_ABOUT: Final = 40
"""Characters of an amendment's name that say what it is about."""


def modeline(kind: str) -> str:
    """First line of a YAML file, by which editors find its schema."""
    return f"# yaml-language-server: $schema={SCHEMAS}/{kind}.schema.json\n"


def checked_slug(name: str, *, what: str) -> str:
    """A name that can be a file, an id and a key at once.

    Raises:
        UnusableInput: it cannot.
    """
    if _SLUG.fullmatch(name) and len(name) <= _LONGEST:
        return name
    near = slug_of(name)
    raise UnusableInput(
        f"{name!r} cannot be the name of a {what}",
        why=f"a name is small letters, digits and single hyphens, at most {_LONGEST} characters",
        mend=f"write {near!r}" if near else "write a name such as 'my-model'",
    )


def slug_of(text: str) -> str:
    """The nearest usable name, or the empty string when nothing of a text is usable."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", bare.lower()).strip("-")[:_LONGEST].strip("-")


def next_id(prefix: str, taken: Iterable[str], *, width: int = 3) -> str:
    """`PREFIX-NNN` with the number after the highest one that was ever used."""
    pattern = re.compile(re.escape(prefix) + r"-([0-9]{1,9})")
    numbers = [int(match[1]) for name in taken if (match := pattern.fullmatch(name))]
    return f"{prefix}-{max(numbers, default=0) + 1:0{width}d}"


def amendment_name(taken: Iterable[str], about: str, text: str) -> str:
    """The name of a new amendment's file, which no other branch gives to another text.

    The number is for people: two branches may give the same. The digest of the text keeps them apart, and
    gives the same amendment the same name wherever it is cherry-picked or squashed.
    """
    numbers = [int(match[0]) for name in taken if (match := re.match(r"[0-9]{1,6}", name))]
    slug = slug_of(about)[:_ABOUT].strip("-") or "amendment"
    return f"{max(numbers, default=0) + 1:04d}-{slug}-{sha256_bytes(text.encode())[:8]}.yaml"
