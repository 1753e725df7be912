"""Blocking gates with a probe that name no fault."""

from __future__ import annotations

from collections.abc import Iterator

from specship.lint.rule import Violation, rule
from specship.lint.view import View


@rule(
    "SHIP403",
    bad="probe: run.held_out_loss\nexpect: {val_loss: {at_most: 2.2, unit: nats/token}}",
    good="probe: run.held_out_loss\nexpect: {val_loss: {at_most: 2.2, unit: nats/token}}\n"
    "falsified_by: [frozen-weights]",
)
def check(view: View) -> Iterator[Violation]:
    """A gate that names no fault can never be armed: nobody will ever see it fail.

    Looked at are blocking gates that have a probe. A gate without one is UNBOUND and cannot pass
    either; an advisory gate is never counted.
    """
    for file, index, gate in view.gates():
        if gate.ship_blocking and gate.probe is not None and not gate.falsified_by:
            yield Violation(
                file.document, ("gates", index, "id"), f"{gate.id} names no fault that must make it fail",
                "write `falsified_by: [FAULT]`",
            )  # fmt: skip
