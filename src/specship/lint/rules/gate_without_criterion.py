"""Gates that speak for no criterion."""

from __future__ import annotations

from collections.abc import Iterator

from specship.lint.rule import Violation, rule
from specship.lint.view import View


@rule(
    "SHIP401",
    bad="- id: GATE-TRAIN-003\n  rule: The loss is low.\n  ship_blocking: true",
    good="- id: GATE-TRAIN-003\n  rule: The loss is low.\n  binds_to: [AC-SHIP2-003]\n  ship_blocking: true",
)
def check(view: View) -> Iterator[Violation]:
    """A gate that is bound to no criterion is never run and never counted.

    It reads as a promise and blocks nothing. Advisory gates are looked at too: they are shown
    beside the criterion they speak for, so that without one nobody sees them.
    """
    for file, index, gate in view.gates():
        if not gate.binds_to:
            yield Violation(
                file.document, ("gates", index, "id"), f"{gate.id} is bound to no criterion",
                "write `binds_to: [AC-...]`, or take the gate out",
            )  # fmt: skip
