"""Limits that no fault is said to break, and of which nobody says why none can."""

from __future__ import annotations

from collections.abc import Iterator

from specship.lint.rule import Violation, rule
from specship.lint.view import View


@rule(
    "SHIP416",
    bad="expect:\n  unmoved: {equals: 0, unit: tensors}\n  only_shrunk: {equals: 0, unit: tensors}\n"
    "falsified_by: {frozen-weights: [unmoved]}",
    good="falsified_by: {frozen-weights: [unmoved], missing-gradient: [only_shrunk]}",
)
def check(view: View) -> Iterator[Violation]:
    """A limit that nobody has seen fail rides along: perhaps it cannot, and its gate is not armed.

    Looked at are blocking gates that have a probe and predict what a fault breaks; a list of names predicts
    nothing. Each limit is predicted by a fault in `falsified_by`, or `unfalsified` says in one line why no
    fault can break it; not both.
    """
    for file, index, gate in view.gates():
        if not (gate.ship_blocking and gate.probe and gate.predicted):
            continue
        for quantity in gate.unpredicted:
            yield Violation(
                file.document, ("gates", index, "expect", quantity),
                f"{gate.id}: no fault is said to break its limit on {quantity}",
                f"write `FAULT: [{quantity}]` into `falsified_by`, or the reason into `unfalsified`",
            )  # fmt: skip
        for quantity in gate.unfalsified:
            if quantity in gate.predicted:
                yield Violation(
                    file.document, ("gates", index, "unfalsified", quantity),
                    f"{gate.id} says that no fault can break {quantity}, and names one that does",
                    "take one of them out",
                )  # fmt: skip
