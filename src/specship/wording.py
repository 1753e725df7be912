"""Words with numbers in them."""

from __future__ import annotations


def counted(number: int, one: str, several: str = "") -> str:
    """A number with its words: `1 file`, `2 files`; `several` where another letter than an s is needed."""
    return f"{number} {one if number == 1 else several or f'{one}s'}"
