"""Pieces that sections of the page are made of: ids, marks of a status, tables, what is copied as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from xml.etree.ElementTree import Element

from specship.digests import sha256_bytes
from specship.report.charts.markup import Child, element

_KINDS: Final = {
    "DISCHARGED": "pass",
    "PASS": "pass",
    "FAILED": "fail",
    "FAIL": "fail",
    "ERROR": "fail",
    "STALE": "stale",
    "BLOCKED": "block",
}
_ODD: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_ANCHOR: Final = 80


def anchor(*names: str) -> str:
    """The id of a place on the page, one for each list of names."""
    text = ".".join(names)
    bare = _ODD.sub("_", text)
    return (
        bare
        if bare == text and len(bare) <= _LONGEST_ANCHOR
        else f"{bare[:40]}-{sha256_bytes(text.encode('utf-8', 'replace'))[:12]}"
    )


def mark(status: str, words: str = "") -> Element:
    """A status as a word on its colour: never the colour alone."""
    return element("span", (words or status).replace("_", " "), class_=f"tag is-{kind(status)}")


def kind(status: str) -> str:
    """Which of the five looks a status or verdict has."""
    return _KINDS.get(status, "open")


def prose(text: str) -> Child:
    """Words in which what stands between backquotes is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return text
    return [element("code", part) if at % 2 else part for at, part in enumerate(parts)]


def moment(text: str | None) -> Element | None:
    """A moment to the minute, and in full for machines."""
    return element("time", f"{text[:16].replace('T', ' ')} UTC", datetime=text) if text else None


def digest(text: str, path: str = "", up: str = "") -> Child:
    """A digest that can be copied, with its file behind it where that is known."""
    code = element("code", f"sha256:{text[:16]}…", title=f"sha256:{text}")
    return element("a", code, href=f"{up}{path}") if path else code


def table(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[Child]],
    *,
    numbers: Iterable[int] = (),
    class_: str = "",
) -> Element:
    """A table that scrolls for itself where it is too wide; columns `numbers` are aligned right."""
    right = set(numbers)
    return element(
        "div",
        element(
            "table",
            element("caption", caption, class_="soft small", style="text-align:left"),
            element(
                "thead",
                element(
                    "tr",
                    [
                        element("th", head, scope="col", class_="number" if at in right else None)
                        for at, head in enumerate(heads)
                    ],
                ),
            ),
            element(
                "tbody",
                [
                    element(
                        "tr",
                        [
                            element("td", cell, class_="number" if at in right else None)
                            for at, cell in enumerate(row)
                        ],
                    )
                    for row in rows
                ],
            ),
            class_=class_ or None,
        ),
        class_="scroll",
        role="region",
        aria_label=caption,
        tabindex=0,
    )


def folded(
    summary: Child, *children: Child, opened: bool = False, class_: str | None = None, id_: str | None = None
) -> Element:
    """Something that is opened by who wants it."""
    return element("details", element("summary", summary), *children, open=opened, class_=class_, id_=id_)


def as_text(summary: str, lines: Iterable[str]) -> Element:
    """Figures of a drawing, to be copied."""
    text = "\n".join(lines)
    return folded(summary, [element("pre", part, tabindex=0) for part in _parts(text)], class_="plain")


def _parts(text: str, size: int = 3_900) -> Iterable[str]:
    """Text in pieces that are shown whole, cut between lines."""
    while len(text) > size:
        cut = text.rfind("\n", 0, size)
        cut = cut if cut > 0 else size
        yield text[:cut]
        text = text[cut:].lstrip("\n")
    yield text


def listed(items: Iterable[Child]) -> Element:
    """A list."""
    return element("ul", [element("li", item) for item in items])
