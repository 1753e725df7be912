"""Elements of HTML and SVG. Text becomes markup nowhere: the standard library's serializer escapes it.

What no reader can see (control characters, marks that turn the direction of writing) is shown by its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, TypeAlias
from xml.etree.ElementTree import Element, tostring

MOST_CHARACTERS: Final = 4_000
"""Of one text; how many more there were is said."""
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
Child: TypeAlias = "Element | str | Iterable[Child] | None"
Attribute: TypeAlias = "str | int | float | bool | None"


def plain(text: str) -> str:
    """Text as a page can show it."""
    if len(text) > MOST_CHARACTERS:
        text = f"{text[:MOST_CHARACTERS]} … and {len(text) - MOST_CHARACTERS} more characters"
    text = text.replace(" %", "\u00a0%")
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def element(tag: str, *children: Child, **attributes: Attribute) -> Element:
    """An element. `class_` is `class`, `aria_label` is `aria-label`; one that is None is left out."""
    made = Element(tag)
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        text = name if value is True else f"{value:.6g}" if isinstance(value, float) else str(value)
        made.set(name.rstrip("_").replace("_", "-").replace("view-box", "viewBox"), plain(text))
    _add(made, children)
    return made


def _add(made: Element, children: Iterable[Child]) -> None:
    for child in children:
        if child is None:
            continue
        if isinstance(child, Element):
            made.append(child)
        elif isinstance(child, str):
            _write(made, plain(child))
        else:
            _add(made, child)


def _write(made: Element, text: str) -> None:
    """Behind what is there."""
    if len(made):
        made[-1].tail = (made[-1].tail or "") + text
    else:
        made.text = (made.text or "") + text


def markup(made: Element) -> str:
    """An element as HTML."""
    return tostring(made, encoding="unicode", method="html")


def standalone(drawing: Element, style: str) -> str:
    """A drawing as a file of its own, with what its classes mean."""
    drawing.set("xmlns", "http://www.w3.org/2000/svg")
    drawing.insert(0, element("style", style))
    return tostring(drawing, encoding="unicode", method="xml") + "\n"


def drawing(width: float, height: float, label: str, *children: Child, class_: str = "") -> Element:
    """A drawing of so many units; `label` says in one sentence what it shows."""
    return element(
        "svg", element("title", label), *children,
        viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=label, class_=f"chart {class_}".strip(),
    )  # fmt: skip


def line_of(points: Iterable[tuple[float, float]]) -> str:
    """Places on a drawing as the data of a path."""
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
