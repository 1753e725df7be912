"""Python source for people, laid out as `ruff format` would leave it: literals, docstrings, comments, calls.

Whatever a contract says becomes text that Python reads back as the same value: quotes, backslashes
and characters that a terminal would obey are escaped, so that no rule can end a docstring or hide in a line.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

WIDTH: Final = 110
"""Longest line, where the words allow it."""
_INDENT: Final = "    "


@dataclass(frozen=True, slots=True)
class Name:
    """A name of the program, as an argument that is no text."""

    text: str


def literal(value: Any) -> str:
    """A value as Python reads it back, on one line."""
    if isinstance(value, Name):
        return value.text
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(literal(part) for part in value)}]"
    return repr(value)


def _text(value: str) -> str:
    """A text in the quotes that need fewer escapes; raw where backslashes would be doubled."""
    quote = "'" if value.count('"') > value.count("'") else '"'
    if "\\" in value and value.isprintable() and quote not in value and not value.endswith("\\"):
        return f"r{quote}{value}{quote}"
    return quote + escaped(value).replace(quote, "\\" + quote) + quote


def escaped(text: str) -> str:
    """A text as it stands between quotes: backslashes doubled, what cannot be printed by its number."""
    return "".join(
        "\\\\" if character == "\\" else character if character.isprintable() else _by_number(character)
        for character in text
    )


def _by_number(character: str) -> str:
    return character.encode("unicode_escape").decode()


def prose(text: str) -> str:
    """A text of a document as one line of words."""
    return " ".join(text.split())


def wrapped(text: str, width: int) -> list[str]:
    """Words in lines no longer than that; a word that is longer keeps a line for itself."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def comment(text: str, *, depth: int = 0) -> list[str]:
    """A remark in as many lines as it takes."""
    pad = _INDENT * depth
    plain = "".join(part if part.isprintable() else _by_number(part) for part in prose(text))
    return [f"{pad}# {line}" for line in wrapped(plain, WIDTH - len(pad) - 2)]


def docstring(paragraphs: Iterable[str], *, depth: int = 0) -> list[str]:
    """A docstring of paragraphs; on one line when it fits there."""
    pad = _INDENT * depth
    parts = [escaped(prose(part)).replace('"""', r"\"\"\"") for part in paragraphs]
    if len(parts) == 1:
        # Beside a quote of the text, three more would begin or end something else.
        before, after = (" " if edge == '"' else "" for edge in (parts[0][:1], parts[0][-1:]))
        one = f'{pad}"""{before}{parts[0]}{after}"""'
        if len(one) <= WIDTH or " " not in parts[0]:
            return [one]
    lines: list[str] = []
    for part in parts:
        # Three letters keep the place of the opening quotes, and where needed one that of a space.
        lead = ("xxxx" if part.startswith('"') else "xxx") if not lines else ""
        first, *rest = wrapped(lead + part, WIDTH - len(pad) - len(lead))
        opening = '"""'.ljust(len(lead)) if lead else ""
        lines += [
            *([""] if lines else []),
            pad + opening + first[len(lead) :],
            *(pad + line for line in rest),
        ]
    return [*lines, f'{pad}"""']


def call(
    name: str, arguments: Sequence[tuple[str, Any]], *, depth: int = 0, open_out: bool = False
) -> list[str]:
    """A call with its arguments, by keyword where they have a name; on one line when it fits there.

    `open_out` gives each argument a line of its own all the same.
    """
    pad = _INDENT * depth
    one = f"{pad}{name}({', '.join(_named(key) + literal(value) for key, value in arguments)})"
    if len(one) <= WIDTH and not open_out:
        return [one]
    lines = [f"{pad}{name}("]
    for key, value in arguments:
        lines += _argument(_named(key), value, depth=depth + 1)
    return [*lines, f"{pad})"]


def _named(key: str) -> str:
    return f"{key}=" if key else ""


def _argument(key: str, value: Any, *, depth: int) -> list[str]:
    """One argument, a list over several lines where one is too short, a text in pieces."""
    pad = _INDENT * depth
    one = f"{pad}{key}{literal(value)},"
    if len(one) <= WIDTH:
        return [one]
    if isinstance(value, tuple | list):
        inner = [line for part in value for line in _argument("", part, depth=depth + 1)]
        return [f"{pad}{key}[", *inner, f"{pad}],"]
    if isinstance(value, str) and len(pieces := _pieces(value, WIDTH - len(pad) - 8)) > 1:
        return [f"{pad}{key}(", *(f"{pad}{_INDENT}{literal(piece)}" for piece in pieces), f"{pad}),"]
    return [one]


def _pieces(text: str, width: int) -> list[str]:
    """A long text cut where words end, or anywhere when there are no words."""
    pieces = [""]
    for word in re.findall(r"\S+\s*|\s+", text):
        for start in range(0, len(word), max(1, width // 2)):
            part = word[start : start + max(1, width // 2)]
            if pieces[-1] and len(_text(pieces[-1] + part)) > width:
                pieces.append("")
            pieces[-1] += part
    return pieces
