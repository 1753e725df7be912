"""A checkup on about one screen: what is unusual, then what is there."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from specship.report.formats import PLAIN, Display
from specship.suite.checkup.records import Checkup, Fact, Unusual

_MOST_UNUSUAL: Final = 8
_MOST_OF_A_KIND: Final = 16
_NAME_COLUMNS: Final = 14


def render(checkup: Checkup, display: Display = PLAIN) -> str:
    """Lines no wider than the terminal; long lists are cut, and JSON has all of them."""
    return "".join(f"{line}\n" for line in _lines(checkup, display.width))


def _lines(checkup: Checkup, width: int) -> Iterator[str]:
    unusual = checkup.unusual
    stops = sum(one.stops for one in unusual)
    yield f"{len(unusual)} unusual, {stops} of which stop work" if unusual else "nothing unusual"
    for one in unusual[:_MOST_UNUSUAL]:
        yield from _told(one)
    if len(unusual) > _MOST_UNUSUAL:
        yield f"  and {len(unusual) - _MOST_UNUSUAL} more: specship doctor --format json"
    for section in checkup.sections:
        yield ""
        yield section.name
        for name, fact in section.facts.items():
            yield from textwrap.wrap(
                _words(fact), max(width, 60),
                initial_indent=f"  {name:{_NAME_COLUMNS}}", subsequent_indent=" " * (_NAME_COLUMNS + 2),
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip


def _told(one: Unusual) -> Iterator[str]:
    yield f"  {'stops' if one.stops else 'note '} {one.what}"
    for name, text in (("why: ", one.why), ("mend:", one.mend)):
        if text:
            yield f"        {name} {text}"


def _words(fact: Fact) -> str:
    if isinstance(fact, str):
        return fact
    shown = ", ".join(fact[:_MOST_OF_A_KIND])
    return (
        f"{shown} and {len(fact) - _MOST_OF_A_KIND} more" if len(fact) > _MOST_OF_A_KIND else shown or "none"
    )
