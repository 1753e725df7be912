"""Where scalars stand in a text, so that an edit touches them and nothing else.

An offset is trusted only when the text there is the very scalar that was read: whatever is written
in a more elaborate way (escapes, folded over lines) gets no edit and is left to a person.
"""

from __future__ import annotations

from collections.abc import Callable

from specship.contracts.document import Document
from specship.lint.finding import Edit

Path_ = tuple[str | int, ...]


def span_of(document: Document, at: Path_, scalar: str) -> tuple[int, int] | None:
    """Offsets of a scalar with its quotation marks; None where it is not written plainly."""
    place = document.value_place(*at)
    lines = document.text.split("\n")
    row = (place.line or 1) - 1
    if row >= len(lines):
        return None
    start = sum(len(line) + 1 for line in lines[:row]) + (place.column or 1) - 1
    for written in (scalar, f'"{scalar}"', f"'{scalar}'"):
        if document.text.startswith(written, start):
            return start, start + len(written)
    return None


def replacing(document: Document, at: Path_, old: str, new: str) -> Callable[[], tuple[Edit, ...]]:
    """The edit that writes another text in place of a scalar."""

    def edits() -> tuple[Edit, ...]:
        span = span_of(document, at, old)
        if span is None or any(sign in new for sign in '"\\\n'):
            return ()
        return (Edit(*span, f'"{new}"'),)

    return edits


def removing(
    document: Document, at: Path_, items: tuple[str, ...], index: int
) -> Callable[[], tuple[Edit, ...]]:
    """The edit that takes an item that is not the first out of a list; none where a comment would go too."""

    def edits() -> tuple[Edit, ...]:
        before = span_of(document, (*at, index - 1), items[index - 1])
        own = span_of(document, (*at, index), items[index])
        if before is None or own is None:
            return ()
        rest = document.text[own[1] :].split("\n", 1)[0]
        if "#" in document.text[before[1] : own[0]] or "#" in rest:
            return ()
        return (Edit(before[1], own[1], ""),)

    return edits
