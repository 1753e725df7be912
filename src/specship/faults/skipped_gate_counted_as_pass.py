"""A gate that was skipped is counted as passed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="E8", stage="qa")


def inject() -> None:
    """The runner does not ask the gate that needs a second runner, and answers for it that it passed."""
    from specship.contracts.judging import Verdict
    from specship.pipeline.qa import runner
    from specship.pipeline.qa.records import GateAnswer

    def lenient(ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(gate: Any, subject: Any) -> Any:
            if gate.name != "parity":
                return ask(gate, subject)
            return GateAnswer(
                number=gate.number, name=gate.name, verdict=Verdict.PASS, executed=True, detail="skipped"
            )

        return asked

    spoil(runner, "ask", lenient)
