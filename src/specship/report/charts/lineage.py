"""Which artifact was made from which, and how long each took."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from specship.report.charts.markup import Child, drawing, element
from specship.report.formatting import duration
from specship.status.exhibits import StageNode

_BOX, _TALL, _ACROSS, _DOWN = 118.0, 38.0, 152.0, 50.0
_MOST = 60
"""Boxes of one drawing; the table below it has all of them."""


def drawn_lineage(nodes: Sequence[StageNode]) -> Element:
    """The artifacts of one profile from sources on the left to what is published on the right."""
    shown = nodes[:_MOST]
    columns = _columns(shown)
    places: dict[str, tuple[float, float]] = {}
    rows: dict[int, int] = {}
    for node in sorted(shown, key=lambda one: (columns[one.digest], one.model, one.makes)):
        column = columns[node.digest]
        row = rows.get(column, 0)
        rows[column] = row + 1
        places[node.digest] = (4 + column * _ACROSS, 4 + row * _DOWN)
    parts: list[Child] = []
    for node in shown:
        x, y = places[node.digest]
        for origin in node.inputs.values():
            if origin in places:
                fx, fy = places[origin][0] + _BOX, places[origin][1] + _TALL / 2
                bend = (x - fx) / 2
                down = y + _TALL / 2 - fy
                path = f"M{fx:.0f},{fy:.0f}c{bend:.0f},0 {bend:.0f},{down:.0f} {x - fx:.0f},{down:.0f}"
                parts.append(element("path", d=path, class_="edge-line"))
    parts += [_box(node, *places[node.digest]) for node in shown]
    width = 8 + (max(columns.values(), default=0)) * _ACROSS + _BOX
    height = 8 + (max(rows.values(), default=1) - 1) * _DOWN + _TALL
    label = "from sources to what is published: " + ", ".join(f"{one.model} {one.makes}" for one in shown)
    made = drawing(width, height, label, *parts, class_="lineage")
    made.set("style", f"width:{width:.0f}px")
    return made


def _columns(nodes: Sequence[StageNode]) -> dict[str, int]:
    """How many steps each artifact is behind its furthest source; a circle ends where it began."""
    by_digest = {node.digest: node for node in nodes}
    found: dict[str, int] = {}

    def column(digest: str, above: frozenset[str]) -> int:
        if digest not in found:
            origins = [
                one for one in by_digest[digest].inputs.values() if one in by_digest and one not in above
            ]
            found[digest] = 1 + max((column(one, above | {digest}) for one in origins), default=-1)
        return found[digest]

    for digest in by_digest:
        column(digest, frozenset({digest}))
    return found


def _box(node: StageNode, x: float, y: float) -> Element:
    said = f"{node.model} {node.makes}, {duration(node.seconds)}"
    return element(
        "g",
        element("title", said),
        element(
            "rect", x=x, y=y, width=_BOX, height=_TALL, rx=5, class_="box" if node.signed else "box unsigned"
        ),
        element("text", node.makes[:16], x=x + 8, y=y + 16, class_="name"),
        element("text", f"{node.model[:11]} · {duration(node.seconds)}", x=x + 8, y=y + 30, class_="tick"),
    )
