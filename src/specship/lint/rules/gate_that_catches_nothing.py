"""Gates that no planted fault can show to work."""

from __future__ import annotations

from collections.abc import Iterator

from specship.lint.rule import Violation, rule
from specship.lint.view import View


@rule(
    "SHIP412",
    bad="probe: run.budget\nfalsified_by: {accumulation-by-default: [wall]}\n# nobody plants it",
    good="probe: run.budget\nfalsified_by: {wall-clock-of-the-last-session: [wall_over_logged]}",
)
def check(view: View) -> Iterator[Violation]:
    """A gate that nobody can see fail is decoration: it passes, and nobody knows whether it can do else.

    Looked at are blocking gates that have a probe and name faults: the file of at least one of them has to
    plant it, and not only describe it. Whether the gate then fails is asked by `pytest -m falsify`.
    """
    for file, index, gate in view.gates():
        if gate.ship_blocking and gate.probe and gate.faults and not view.planted.intersection(gate.faults):
            yield Violation(
                file.document, ("gates", index, "falsified_by"),
                f"{gate.id} names no fault that anybody can plant",
                "name a fault that is planted, or write `inject()` or `plant(folder)` into its file",
            )  # fmt: skip
