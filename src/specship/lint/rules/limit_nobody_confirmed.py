"""Limits that a tool took from a measurement, and that nobody has said to mean."""

from __future__ import annotations

from collections.abc import Iterator

from specship.lint.rule import Violation, rule
from specship.lint.view import View


@rule(
    "SHIP418",
    bad="expect:\n  tensors: {equals: 39, unit: tensors}\nproposed: [tensors]",
    good="expect:\n  tensors: {equals: 39, unit: tensors}",
)
def check(view: View) -> Iterator[Violation]:
    """A limit that was read off the model says what it is, and not what it must be.

    Looked at are the quantities in `proposed`, where `specship adopt` writes those whose limit it took from
    what it measured. Whoever has thought about one changes the limit, or means it as it stands, and takes
    the name out; evidence stays fresh when nothing but that changed.
    """
    for file, index, gate in view.gates():
        for place, quantity in enumerate(gate.proposed):
            limit = gate.expect[quantity].limit_text if quantity in gate.expect else "?"
            yield Violation(
                file.document, ("gates", index, "proposed", place),
                f"{gate.id}: nobody has said that {quantity} {limit} is meant",
                f"change the limit or mean it, then take {quantity!r} out of `proposed`",
            )  # fmt: skip
