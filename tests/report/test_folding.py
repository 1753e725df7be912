"""Lines that are folded between words, under the text that they go on."""

from typing import Final

import pytest
from rich.cells import cell_len

from specship.report.folding import folded

CASES: Final = {
    "it fits": ("one two", 7, "one two"),
    "between words": ("one two three", 7, "one two\n  three"),
    "under its column": ("  why:  one two three four", 18, "  why:  one two\n      three four"),
    "under its column, where there is room": (
        "  why:  one two three four", 26 - 1, "  why:  one two three\n        four"
    ),
    "further right than it began": ("  - one two", 8, "  - one\n     two"),
    "a word that is too long stays whole": ("at /a/very/long/path here", 10, "at\n/a/very/long/path\n    here"),
    "a long word takes a shorter indent": ("    in 12345678", 10, "    in\n  12345678"),
    "empty lines stay": ("a b\n\nc d", 2, "a\n b\n\nc\n d"),
    "columns within a line stay": ("a   b", 5, "a   b"),
    "colours take no room": ("\x1b[31mone\x1b[0m two", 7, "\x1b[31mone\x1b[0m two"),
    "wide signs take two columns": ("日本 日本", 8, "日本\n    日本"),
    "a line that is written again is left alone": ("\rone two three", 5, "\rone two three"),
    "nothing": ("", 5, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_text_is_folded(name: str) -> None:
    text, width, expected = CASES[name]

    assert folded(text, width) == expected


@pytest.mark.parametrize("width", range(1, 90, 7))
def test_no_word_is_lost_and_no_line_too_wide(width: int) -> None:
    text = "  figures     " + " ".join(f"word{'x' * (n % 9)}" for n in range(60))
    lines = folded(text, width).split("\n")

    assert " ".join(lines).split() == text.split()
    assert all(cell_len(line) <= width or " " not in line.strip() for line in lines)
